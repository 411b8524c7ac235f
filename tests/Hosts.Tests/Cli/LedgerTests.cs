using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>What a person reads on standard error.</summary>
public sealed class LedgerTests
{
    [Fact]
    public async Task Run_Split_PrintsEveryLineOfLedger()
    {
        var error = await ErrorAsync("--split", "3");

        AssertMatches(error, @"^mode +split, ℓ = 3 of 8: layers 1–3 on the device, layers 4–8 on worker/1 *$");
        AssertMatches(error, @"^tokens +6 prompt, 12 generated; the token limit is reached *$");
        AssertMatches(error, @"^speed +TTFT [\d.]+ ms; TPOT p50 [\d.]+ ms, p99 [\d.]+ ms; \d+ tokens/s *$");
        AssertMatches(error, @"^bytes per token +raw fp16 512\.0 B, sent [\d.]+ B, ratio [\d.]+ \(with message headers [\d.]+ B\) *$");
        AssertMatches(error, @"^compression +rd at 0\.5%, expected rise of perplexity 0\.\d\d %; columns; calibration [0-9a-f]{16} *$");
        AssertMatches(error, @"^bits per value +[23]\.\d\d *$");
        AssertMatches(error, @"^outliers +[\d.]+ per token, sent losslessly *$");
        AssertMatches(
            error,
            @"^where time went +edge compute [\d.]+ ms, encode [\d.]+ ms, transport [\d.]+ ms, queue [\d.]+ ms, decode [\d.]+ ms, worker compute [\d.]+ ms, loading and hand-overs [\d.]+ ms; in all [\d.]+ ms *$");
    }

    [Fact]
    public async Task Run_Tabq_PrintsBitWidths()
    {
        var error = await ErrorAsync("--compression", "tabq", "--bits-max", "4", "--bits-min", "4");

        AssertMatches(error, @"^compression +tabq, uncalibrated *$");
        AssertMatches(error, @"^bits per value +[23]\.\d\d; 4 bits: \d+ tokens *$");
    }

    [Fact]
    public async Task Run_Cloud_PrintsTokenIdsAsWhatWasSent()
    {
        var error = await ErrorAsync("--mode", "cloud");

        AssertMatches(error, @"^mode +cloud, ℓ = 0 of 8: layers 1–8 on worker/1 *$");
        AssertMatches(error, @"^bytes per token +sent [\d.]+ B as token ids");
    }

    [Fact]
    public async Task Run_Device_PrintsThatNothingRanElsewhere()
    {
        var error = await ErrorAsync("--mode", "device");

        AssertMatches(error, @"^mode +device, ℓ = 8 of 8: layers 1–8 on the device *$");
        Assert.DoesNotContain("worker/", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ErrorIsNoTerminal_PrintsLineForEachLoadedPart()
    {
        var error = await ErrorAsync("--split", "3");

        Assert.Equal(
            ["verifying model.safetensors: 13 of 13 MiB", "loading the worker: 5 of 5 layers", "loading the device: 3 of 3 layers"],
            error.Split('\n').Take(3),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task Run_Quiet_PrintsTextOnly()
    {
        var result = await SplitActorsProcess.RunAsync("run", "Once upon a time", "--max-tokens", "12", "--quiet", "--stop-worker-at", "3");

        Assert.NotEmpty(result.Text);
        Assert.Empty(result.Error);
    }

    private static async Task<string> ErrorAsync(params string[] options)
    {
        var result = await SplitActorsProcess.RunAsync(["run", "Once upon a time", "--max-tokens", "12", .. options]);
        return result.Succeeded().Error;
    }

    private static void AssertMatches(string error, string linePattern) => Assert.Matches($"(?m){linePattern}", error);
}
