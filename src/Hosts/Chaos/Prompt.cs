using SplitActors.Actors;
using SplitActors.Inference;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Chaos;

/// <summary>A text to continue, how, and what comes of it undisturbed.</summary>
/// <param name="Text">Of so many tokens.</param>
/// <param name="TokenCount">Of the text.</param>
/// <param name="Arguments">That every process that continues it gets.</param>
internal sealed record Prompt(string Text, int TokenCount, IReadOnlyList<string> Arguments)
{
    /// <summary>Bounds the search for words that make the count right.</summary>
    private const int AttemptsMax = 100_000;

    /// <summary>Null until it was run.</summary>
    public GeneratedText? Expected { get; init; }

    /// <summary>Words of the vocabulary, drawn by the seed, that make so many tokens.</summary>
    /// <exception cref="UserErrorException">The vocabulary has no such words.</exception>
    public static string TextOf(int tokenCount, Tokenizer tokenizer, SplitMix64 random)
    {
        var text = "";
        var count = CountOf("");
        for (var attempt = 0; attempt < AttemptsMax && count < tokenCount; attempt++)
        {
            var word = tokenizer.Decode([random.Next(tokenizer.VocabularySize)]);
            if (word.Trim().Length == 0 || !word.TrimStart(' ').All(char.IsAsciiLetter))
                continue;
            var longer = text.Length == 0 ? word.TrimStart(' ') : text + word;
            var longerCount = CountOf(longer);
            if (longerCount > tokenCount)
                continue;
            (text, count) = (longer, longerCount);
        }

        return count == tokenCount && text.Length > 0
            ? text
            : throw new UserErrorException(UserErrorKind.Checkpoint, "tokenizer.json", $"words that make a text of {tokenCount} tokens", $"{count} tokens", "Take another length with --contexts.");

        int CountOf(string candidate) => tokenizer.Encode(candidate, addSpecialTokens: true, parseSpecialTokens: false).Length;
    }
}
