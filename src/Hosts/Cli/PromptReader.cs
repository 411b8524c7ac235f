using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
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
        try
        {
            var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(ReadBytes());
            return text.StartsWith(ByteOrderMark) ? text[1..] : text;
        }
        catch (DecoderFallbackException e)
        {
            throw Wrong("Standard input", "UTF-8 text", $"bytes that are not, at byte {e.Index}", "Convert it, for example with: iconv -t UTF-8");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong("Standard input", "a text that can be read", e.Message.TrimEnd('.'), "Read from a file or a pipe.");
        }
    }

    private static byte[] ReadBytes()
    {
        var bytes = new MemoryStream();
        using var input = Console.OpenStandardInput();
        var buffer = new byte[1 << 16];
        for (int count; (count = input.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, count);
            if (bytes.Length > BytesMax)
                throw Wrong("Standard input", $"a prompt of at most {BytesMax >> 20} MiB", "more", "Shorten it.");
        }

        return bytes.ToArray();
    }

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep) =>
        new(UserErrorKind.Prompt, place, expected, found, nextStep);
}
