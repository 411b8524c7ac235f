using System.CommandLine;
using System.CommandLine.Parsing;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary>The prompt, from the command line or from standard input.</summary>
internal static class PromptReader
{
    private const int BytesMax = 16 << 20;
    private const char ByteOrderMark = '\uFEFF'; // how some editors begin a UTF-8 file

    /// <summary>What looks like an option is a mistyped one, and no text to continue, unless it stands after "--".</summary>
    /// <param name="command">That was called.</param>
    /// <exception cref="UserErrorException">It is a mistyped option.</exception>
    public static string? Find(ParseResult parsed, string command)
    {
        var prompt = parsed.GetValue(RunSettings.Prompt);
        if (prompt is ['-', _, ..] && !parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash))
        {
            throw new UserErrorException(
                UserErrorKind.Options, "Command line", "a known option", $"'{prompt}'", $"Run `splitactors {command} --help`; put a prompt that begins with '-' after --.");
        }

        return prompt;
    }

    /// <param name="argument">The prompt; "-" or null means standard input.</param>
    /// <exception cref="UserErrorException">There is no prompt, it is empty, too large, or not UTF-8.</exception>
    public static string Read(string? argument)
    {
        if (argument is null && !Console.IsInputRedirected)
            throw Wrong("The prompt", "a text to continue", "none", "Give it as an argument, as in: splitactors run \"Once upon a time\"");
        var text = argument is null or "-" ? ReadStandardInput() : argument;
        return text.Length > 0 ? text : throw Wrong("The prompt", "at least one character", "an empty text", "Give a text to continue.");
    }

    /// <summary>The prompt is a user's text: what looks like a control token in it is text.</summary>
    /// <exception cref="UserErrorException">The tokenizer is not this model's, or the tokens leave no room for one to generate.</exception>
    public static int[] Encode(string prompt, Tokenizer tokenizer, ModelConfig config)
    {
        var tokens = tokenizer.Encode(prompt, addSpecialTokens: true, parseSpecialTokens: false);
        ModelFolder.RequireTokens(tokens.DefaultIfEmpty(0).Max(), config);
        return tokens.Length > 0 && tokens.Length < config.ContextLength
            ? tokens
            : throw Wrong("The prompt", $"1 to {config.ContextLength - 1} tokens (the model's context less one to generate)", $"{tokens.Length}", "Shorten it.");
    }

    private static string ReadStandardInput()
    {
        var bytes = StandardInput.Read(BytesMax, UserErrorKind.Prompt, $"a prompt of at most {BytesMax >> 20} MiB");
        var text = Utf8Text.Decode(bytes, out var invalidAt)
            ?? throw Wrong("Standard input", "UTF-8 text", $"bytes that are not, at byte {invalidAt}", "Convert it, for example with: iconv -t UTF-8");
        return text.StartsWith(ByteOrderMark) ? text[1..] : text;
    }

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep) =>
        new(UserErrorKind.Prompt, place, expected, found, nextStep);
}
