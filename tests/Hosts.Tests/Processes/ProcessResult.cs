using System.Text;
using System.Text.Json.Nodes;

namespace SplitActors.Hosts.Tests.Processes;

/// <summary>What a process left behind.</summary>
internal sealed record ProcessResult(int ExitCode, byte[] OutputBytes, string Error)
{
    /// <summary>Decoding throws where the output is not UTF-8.</summary>
    public string Output { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(OutputBytes);

    /// <summary>The generated text: the output without the line end that follows it.</summary>
    public string Text
    {
        get
        {
            Succeeded();
            Assert.EndsWith("\n", Output, StringComparison.Ordinal);
            return Output[..^1];
        }
    }

    /// <summary>The lines of <c>--json</c>.</summary>
    public IReadOnlyList<JsonObject> JsonLines => [.. Output.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!.AsObject())];

    public ProcessResult Succeeded()
    {
        Assert.True(ExitCode == Hosts.ExitCode.Success, $"Exit code {ExitCode}: {Error}");
        return this;
    }

    /// <summary>
    /// The process refused, with nothing on standard output and one message on standard error: one line, no stack trace, naming
    /// everything in <paramref name="named"/>.
    /// </summary>
    public ProcessResult Refused(int exitCode, params string[] named)
    {
        Assert.True(ExitCode == exitCode, $"Exit code {ExitCode} instead of {exitCode}: {Error}");
        Assert.Empty(Output);
        var message = Assert.Single(Error.TrimEnd('\n').Split('\n'), line => !IsProgress(line));
        Assert.StartsWith("splitactors: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("..", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Internal error", message, StringComparison.Ordinal);
        Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
        return this;
    }

    private static bool IsProgress(string line) =>
        line.StartsWith("verifying ", StringComparison.Ordinal) || line.StartsWith("loading ", StringComparison.Ordinal)
        || line.StartsWith("calibrating ", StringComparison.Ordinal);
}
