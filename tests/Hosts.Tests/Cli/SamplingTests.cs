using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class SamplingTests
{
    private static readonly string GreedyStart = Quill.Golden[0].GreedyText[..20];

    [Fact]
    public async Task Run_SameSeedWithoutCompression_GivesSameTextInAllModes()
    {
        var split = await SampleAsync("--seed", "7", "--compression", "none");
        var cloud = await SampleAsync("--seed", "7", "--compression", "none", "--mode", "cloud");
        var device = await SampleAsync("--seed", "7", "--compression", "none", "--mode", "device");

        Assert.Equal(split, cloud);
        Assert.Equal(split, device);
    }

    [Fact]
    public async Task Run_SameSeedWithCompression_GivesSameTextAgain()
    {
        Assert.Equal(await SampleAsync("--seed", "8"), await SampleAsync("--seed", "8"));
    }

    [Fact]
    public async Task Run_AnotherSeed_GivesAnotherText()
    {
        Assert.NotEqual(await SampleAsync("--seed", "1"), await SampleAsync("--seed", "2"), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("--top-k", "1")]
    [InlineData("--top-p", "1e-6")]
    [InlineData("--min-p", "1")]
    [InlineData("--temperature", "0")]
    public async Task Run_OnlyLikeliestTokenAllowed_GivesGreedyText(string option, string value)
    {
        var text = await SampleAsync("--mode", "device", option, value);

        Assert.StartsWith(GreedyStart, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RepetitionPenalty_LeavesGreedyText()
    {
        var text = await SampleAsync("--mode", "device", "--temperature", "0", "--repetition-penalty", "1.5");

        Assert.False(Quill.Golden[0].GreedyText.StartsWith(text, StringComparison.Ordinal));
    }

    private static async Task<string> SampleAsync(params string[] options) =>
        (await SplitActorsProcess.RunAsync(["run", Quill.Golden[0].Prompt, "--max-tokens", "40", "--quiet", .. options])).Text;
}
