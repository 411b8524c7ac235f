using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class LostWorkerTests
{
    private static readonly string[] Session = ["run", "Alice looked at the", "--max-tokens", "40", "--seed", "3"];

    [Theory]
    [InlineData("split", "rd", 1)]
    [InlineData("split", "rd", 17)]
    [InlineData("split", "tabq", 17)]
    [InlineData("split", "rd --prediction", 17)]
    [InlineData("split", "rd --prediction --share-prompt-tokens", 17)]
    [InlineData("split", "none", 5)]
    [InlineData("cloud", "none", 17)]
    public async Task Run_WorkerStopped_GivesSameTextFromAnother(string mode, string compression, int stopAt)
    {
        string[] session = [.. Session, "--mode", mode, "--compression", .. compression.Split(' ')];

        var undisturbed = await SplitActorsProcess.RunAsync(session);
        var disturbed = await SplitActorsProcess.RunAsync([.. session, "--stop-worker-at", $"{stopAt}"]);

        Assert.Equal(undisturbed.Text, disturbed.Text);
        Assert.DoesNotContain("lost", undisturbed.Error, StringComparison.Ordinal);
        Assert.Contains("worker/1 is lost", disturbed.Error, StringComparison.Ordinal);
        Assert.Contains("sent again", disturbed.Error, StringComparison.Ordinal);
        Assert.Contains("on worker/2", disturbed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StopBeyondTheEnd_SaysThatItDidNothing()
    {
        string[] session = ["run", "x", "--max-tokens", "3", "--link", "lan"];
        string[] events = ["--stop-worker-at", "5", "--relink-at", "6:wifi", "--resplit-at", "2:3,7:2", "--cut-link-at", "8:9"];
        var result = (await SplitActorsProcess.RunAsync([.. session, .. events])).Succeeded();

        foreach (var missed in new[] { "--stop-worker-at 5", "--relink-at 6:wifi", "--resplit-at 7:2", "--cut-link-at 8:9" })
            Assert.Contains($"splitactors: {missed} did nothing: the text ended after 3 tokens.\n", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--resplit-at 2:3 did nothing", result.Error, StringComparison.Ordinal);
        Assert.Empty((await SplitActorsProcess.RunAsync([.. session, "--stop-worker-at", "5", "--quiet"])).Succeeded().Error);
    }

    [Fact]
    public async Task Run_WorkerStopped_IsLineOfJson()
    {
        var result = await SplitActorsProcess.RunAsync([.. Session, "--json", "--stop-worker-at", "5"]);

        var lines = result.Succeeded().JsonLines;
        var replaced = Assert.Single(lines, line => line["type"]!.GetValue<string>() == "worker_replaced");
        Assert.Equal("worker/1", replaced["lost"]!.GetValue<string>());
        var plans = lines.Where(line => line["type"]!.GetValue<string>() == "plan");
        Assert.Equal(["worker/1", "worker/2"], plans.Select(plan => plan["worker"]!.GetValue<string>()), StringComparer.Ordinal);
        Assert.True(lines[^1]["bill"]!["resent_messages"]!.GetValue<int>() > 0);
    }
}
