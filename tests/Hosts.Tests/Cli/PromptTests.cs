using System.Text;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class PromptTests
{
    private static readonly string[] Greedy = ["--temperature", "0", "--max-tokens", "8", "--compression", "none", "--quiet"];

    [Theory]
    [InlineData("-")]
    [InlineData(null)]
    public async Task Run_PromptOnStandardInput_IsContinued(string? argument)
    {
        var (prompt, greedyText) = Quill.Golden[0];

        var result = await RunAsync(Encoding.UTF8.GetBytes(prompt), argument is null ? [] : [argument]);

        Assert.StartsWith(result.Text, greedyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ByteOrderMarkOnStandardInput_IsNoText()
    {
        var (prompt, greedyText) = Quill.Golden[0];

        var result = await RunAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(prompt)]);

        Assert.StartsWith(result.Text, greedyText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@file")]
    [InlineData("--", "-5 degrees")]
    [InlineData("--", "--json")]
    [InlineData("--", "--")]
    [InlineData("--", "@file")]
    [InlineData("—dash")]
    [InlineData("Où est le café ? 😀 你好")]
    [InlineData("<|end_of_text|>")]
    [InlineData(" ")]
    [InlineData("two\nlines")]
    public async Task Run_UnusualPrompt_IsText(params string[] promptArguments)
    {
        var asArgument = await SplitActorsProcess.RunAsync(["run", .. Greedy, .. promptArguments]);
        var asInput = await RunAsync(Encoding.UTF8.GetBytes(promptArguments[^1]));

        Assert.Equal(asInput.Text, asArgument.Text);
    }

    [Fact]
    public async Task Run_EmptyPrompt_Refuses()
    {
        (await SplitActorsProcess.RunAsync("run", "")).Refused(ExitCode.Prompt, "The prompt", "empty");
        (await SplitActorsProcess.RunAsync("run", "-")).Refused(ExitCode.Prompt, "The prompt", "empty");
    }

    [Fact]
    public async Task Run_PromptIsNotUtf8_NamesByte()
    {
        var result = await RunAsync([.. "caf"u8, 0xE9, .. " au lait"u8]); // Latin-1

        result.Refused(ExitCode.Prompt, "Standard input", "UTF-8", "at byte 3", "iconv");
    }

    [Fact]
    public async Task Run_ArgumentIsNotUtf8_NamesItAndByte()
    {
        (await new SplitActorsProcess("run") { Redirection = @"""$(printf 'caf\351 au lait')""" }.RunAsync())
            .Refused(ExitCode.Prompt, "The prompt", "UTF-8", "at byte 3", "iconv");
        (await new SplitActorsProcess("run", "x", "--model") { Redirection = @"""$(printf 'caf\351')""" }.RunAsync())
            .Refused(ExitCode.Options, "Argument 4", "UTF-8", "at byte 3");
        (await new SplitActorsProcess("-c", @"SPLITACTORS_MODEL=$(printf 'caf\351') exec ""$0"" run x", SplitActorsProcess.ProgramPath) { Program = "/bin/sh" }.RunAsync())
            .Refused(ExitCode.Options, "SPLITACTORS_MODEL", "UTF-8", "at byte 3");
    }

    /// <summary>What the runtime puts in the place of bytes that are not UTF-8 is a character of its own too.</summary>
    [Fact]
    public async Task Run_ReplacementCharacter_IsText()
    {
        (await SplitActorsProcess.RunAsync(["run", .. Greedy, "a � b"])).Succeeded();
    }

    [Fact]
    public async Task AnyCommand_InputIsClosed_Refuses()
    {
        (await new SplitActorsProcess("run") { Redirection = "<&-" }.RunAsync()).Refused(ExitCode.Prompt, "Standard input", "a closed stream");
        (await new SplitActorsProcess("codec", "inspect", "-") { Redirection = "<&-" }.RunAsync()).Refused(ExitCode.Options, "Standard input", "a closed stream");
        (await new SplitActorsProcess("bench", "--step", "--prompt", "4", "--decode", "2") { Redirection = "<&-" }.RunAsync()).Refused(ExitCode.Prompt, "Standard input", "a closed stream");
    }

    [Fact]
    public async Task Run_InputIsClosedButNotNeeded_GivesText()
    {
        var (prompt, greedyText) = Quill.Golden[0];

        var result = await new SplitActorsProcess(["run", .. Greedy, prompt]) { Redirection = "<&-" }.RunAsync();

        Assert.StartsWith(result.Text, greedyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PromptLongerThanContext_NamesBothLengths()
    {
        var prompt = string.Concat(Enumerable.Repeat("Once upon a time ", 2000));

        var result = await SplitActorsProcess.RunAsync("run", prompt);

        result.Refused(ExitCode.Prompt, "The prompt", $"1 to {Quill.ContextLength - 1} tokens", "Shorten it");
        Assert.Matches(@"found \d{4,5}\.", result.Error);
    }

    [Fact]
    public async Task Run_InputLargerThanAnyContext_IsNotReadToTheEnd()
    {
        var result = await new SplitActorsProcess("run") { Redirection = "< /dev/zero" }.RunAsync();

        result.Refused(ExitCode.Prompt, "Standard input", "16 MiB");
    }

    [Fact]
    public async Task Run_InputIsFolder_Refuses()
    {
        var result = await new SplitActorsProcess("run") { Redirection = "< /" }.RunAsync();

        result.Refused(ExitCode.Prompt, "Standard input");
    }

    private static Task<ProcessResult> RunAsync(byte[] input, params string[] arguments) =>
        new SplitActorsProcess(["run", .. arguments, .. Greedy]) { Input = input }.RunAsync();
}
