using System.Runtime.InteropServices;

namespace SplitActors.Inference.Tokenization;

/// <summary>Word → ids: from the cache, else the token of the whole word if the model prefers it, else byte pairs.</summary>
/// <param name="vocabulary">The vocabulary.</param>
/// <param name="bytePairs">The merges.</param>
/// <param name="ignoresMerges">A word that is a token becomes that token, whether or not merges lead there.</param>
/// <param name="vocabularyPlace">Where the vocabulary was read, for complaints.</param>
internal sealed class WordEncoder(Vocabulary vocabulary, BytePairEncoder bytePairs, bool ignoresMerges, string vocabularyPlace)
{
    private readonly WordCache _cache = new();

    /// <summary>Appends the ids of <paramref name="word"/> to <paramref name="ids"/>.</summary>
    public void Encode(ReadOnlySpan<char> word, BytePairEncoder.Workspace workspace, List<int> ids)
    {
        if (_cache.TryGet(word, out var cached))
        {
            ids.AddRange(cached);
            return;
        }

        var first = ids.Count;
        var utf8 = workspace.Utf8Of(word);
        if (ignoresMerges && vocabulary.TryGetModelId(utf8, out var whole))
            ids.Add(whole);
        else if (bytePairs.Encode(utf8, workspace, ids) is >= 0 and var missing)
            throw MissingByte((byte)missing);

        _cache.Put(word, CollectionsMarshal.AsSpan(ids)[first..]);
    }

    private UserErrorException MissingByte(byte value) => new(
        UserErrorKind.Checkpoint, vocabularyPlace, $"a token '{ByteLevelAlphabet.ToChar(value)}' for byte 0x{value:X2}", "none",
        "Leave the characters with that byte out of the text, or choose a checkpoint whose vocabulary has all bytes.");
}
