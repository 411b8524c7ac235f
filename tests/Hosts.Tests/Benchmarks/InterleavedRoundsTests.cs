using SplitActors.Hosts.Tests.Processes;
using SplitActors.Peers.LlamaCpp.Comparison;

namespace SplitActors.Hosts.Tests.Benchmarks;

/// <summary>With shell scripts as engines.</summary>
public sealed class InterleavedRoundsTests
{
    [Fact]
    public void Run_TwoEngines_SwapsTheirOrderAfterAWarmUp()
    {
        using var folder = new TemporaryFolder();
        var log = folder.PathTo("log");

        var engines = InterleavedRounds.Run([() => Engine("A", log, 30), () => Engine("B", log, 20)], roundCount: 3, _ => { }).Engines;

        Assert.Equal("AB" + "AB" + "BA" + "AB", File.ReadAllText(log).ReplaceLineEndings(""));
        Assert.Equal(["A", "B"], engines.Select(engine => engine.Name), StringComparer.Ordinal);
        Assert.Equal([new Round(30, 15, 3), new Round(30, 15, 3), new Round(30, 15, 3)], engines[0].Rounds);
    }

    [Fact]
    public void Run_EngineThatDies_SaysWhichAndHow()
    {
        var error = Assert.Throws<InvalidOperationException>(() => InterleavedRounds.Run([() => Shell("A", "read line; exit 7")], 1, _ => { }));

        Assert.Equal("A ended with exit code 7 instead of a round.", error.Message);
    }

    [Theory]
    [InlineData("Loading …")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void Run_EngineThatWritesSomethingElse_ShowsTheLine(string line)
    {
        var error = Assert.Throws<InvalidOperationException>(() => InterleavedRounds.Run([() => Shell("A", $"read line; echo '{line}'; read line")], 1, _ => { }));

        Assert.Equal($"A wrote {line} instead of a round's figures.", error.Message);
    }

    [Fact]
    public void Run_EngineThatSpinsWhileItWaits_IsRefused()
    {
        // A computes, then answers; B answers, then computes five times as long.
        var work = $"while read line; do {Count(200_000)}; echo '{Figures(1)}'; done";
        var spin = $"read line; echo '{Figures(1)}'; {Count(1_000_000)}";

        var error = Assert.Throws<InvalidOperationException>(() => InterleavedRounds.Run([() => Shell("A", work), () => Shell("B", spin)], roundCount: 1, _ => { }));

        Assert.Matches("^B used .* of a processor while A was measured", error.Message);
    }

    [Fact]
    public void Report_TwoEngines_ComparesWithinRounds()
    {
        // Ratios 2, 1 and 4: their median is 2, though the ratio of the medians is 3.
        Round[] ours = [Decoding(20), Decoding(30), Decoding(40)];
        Round[] theirs = [Decoding(10), Decoding(30), Decoding(10)];
        var measured = new MeasuredRounds([new EngineRounds("ours", ours), new EngineRounds("theirs", theirs)], OtherProcessorsMax: 0.25);
        var report = new Report(new Workload("llama-1b", 4, 1, 8, 8), measured);

        var lines = report.ToText().ToArray();

        Assert.Contains("2.000 (1.000 to 4.000)", lines[Array.IndexOf(lines, "decode, tokens/s") + 3], StringComparison.Ordinal);
        Assert.Equal("Other programs kept up to 0.25 processors busy during a round. Measure again on a machine at rest.", lines[^1]);
        Assert.Contains("\"decode_ratio\":{\"median\":2,\"min\":1,\"max\":4}", report.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Spread_EvenCount_MedianIsBetweenTheMiddleTwo() => Assert.Equal(new Spread(2.5, 1, 4), Spread.Of([4, 1, 3, 2]));

    [Fact]
    public void ParseBusy_LineOfTheKernel_LeavesOutIdleAndWaitingAndGuests() =>
        Assert.Equal(TimeSpan.FromSeconds(1.23), ProcessorClock.ParseBusy("cpu  100 1 10 7000 900 2 3 7 50 0"));

    private static Round Decoding(double tokensPerSecond) => new(100, tokensPerSecond, 1);

    private static string Count(int steps) => $"i=0; while [ $i -lt {steps} ]; do i=$((i+1)); done";

    private static EngineProcess Engine(string name, string log, int prefill) =>
        Shell(name, $"while read line; do echo {name} >> '{log}'; echo '{Figures(prefill)}'; done");

    private static string Figures(int prefill) =>
        $"{{\"prefill_tokens_per_second\":{prefill},\"decode_tokens_per_second\":{prefill / 2.0},\"read_gigabytes_per_second\":{prefill / 10.0}}}";

    private static EngineProcess Shell(string name, string script) => EngineProcess.Start(name, "/bin/sh", ["-c", script]);
}
