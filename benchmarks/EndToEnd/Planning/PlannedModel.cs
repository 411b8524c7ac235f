using System.Text.Json;
using System.Text.Json.Nodes;

namespace SplitActors.EndToEnd.Planning;

/// <summary>A choice that is measured.</summary>
/// <param name="SplitLayer">ℓ</param>
/// <param name="Bits">Per weight on the device; 0 where it has none.</param>
internal readonly record struct PlannedChoice(int SplitLayer, int Bits);

/// <summary>What the planner expects of a choice.</summary>
internal sealed record Expectation(double TokenMs, long MemoryBytes);

/// <summary>A model that is planned for and run, with device and worker on this machine.</summary>
/// <param name="Name">Its shape.</param>
/// <param name="LayerCount">L</param>
/// <param name="ModelArguments">For <c>plan</c>.</param>
/// <param name="RunArguments">For <c>run</c>.</param>
/// <param name="WorkerBits">Per weight.</param>
/// <param name="FrontBits">To choose from.</param>
/// <param name="RunsPackage">The bits are in the files.</param>
/// <param name="WarmUpTokens">Tokens that are not counted: code is still being compiled.</param>
/// <param name="TokenCount">Tokens that are.</param>
/// <param name="Links">Emulated, as <c>--link</c> has them.</param>
/// <param name="SplitLayers">Measured whatever the planner chooses.</param>
internal sealed record PlannedModel(
    string Name, int LayerCount, string[] ModelArguments, string[] RunArguments, int WorkerBits, int[] FrontBits, bool RunsPackage, int WarmUpTokens, int TokenCount,
    string[] Links, int[] SplitLayers)
{
    private const string Prompt = "Once upon a time";
    private const int PromptTokens = 6; // with the one that begins a text

    /// <summary>What is counted begins after the warm-up, and so does the plan's mean context.</summary>
    private int TokensBefore => PromptTokens + WarmUpTokens;

    public int TokenCountMax => TokensBefore + TokenCount;

    /// <summary>The worker alone, splits, and the device alone.</summary>
    public IEnumerable<PlannedChoice> Grid =>
        SplitLayers.SelectMany(split => split == 0 ? [new PlannedChoice(0, 0)] : FrontBits.Select(bits => new PlannedChoice(split, bits)));

    /// <param name="link">As <c>--link</c> has it.</param>
    /// <param name="memoryBytesMax">Null for no limit.</param>
    /// <param name="refreshes">Measures this machine again.</param>
    /// <param name="cacheFolder">Keeps what was measured.</param>
    public async Task<PlanAnswer> PlanAsync(string link, long? memoryBytesMax, bool refreshes, string cacheFolder)
    {
        string[] arguments =
        [
            "plan", .. ModelArguments, "--link", link, "--device-profile", "measure", "--worker-profile", "measure",
            "--front-bits", string.Join(',', FrontBits), "--kv-bits", "16", "--worker-bits", $"{WorkerBits}", "--prompt-tokens", $"{TokensBefore}", "--tokens", $"{TokenCountMax}",
            "--profile-cache", cacheFolder, "--json",
            .. memoryBytesMax is { } limit ? ["--device-memory", $"{limit / 1e6:0.000000}MB"] : Array.Empty<string>(),
            .. refreshes ? ["--refresh"] : Array.Empty<string>(),
        ];
        return PlanAnswer.Parse(JsonNode.Parse(await BuiltProgram.RunAsync(arguments))!);
    }

    /// <summary>Milliseconds of the tokens that count, with what each part took.</summary>
    public async Task<MeasuredToken> RunAsync(PlannedChoice choice, string link)
    {
        string[] arguments =
        [
            "run", Prompt, .. RunArguments, "--split", $"{choice.SplitLayer}", "--temperature", "0", "--max-tokens", $"{WarmUpTokens + TokenCount}", "--json",
            .. choice.SplitLayer < LayerCount ? ["--link", link] : Array.Empty<string>(),
            .. choice.SplitLayer > 0 && !RunsPackage && choice.Bits != 16 ? ["--front-bits", $"{choice.Bits}"] : Array.Empty<string>(),
        ];
        var lines = (await BuiltProgram.RunAsync(arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var bills = lines.Select(line => JsonNode.Parse(line)!).Where(line => (string)line["type"]! == "token").Skip(WarmUpTokens).Select(line => line["bill"]!).ToArray();
        return bills.Length > 0
            ? MeasuredToken.Of(bills)
            : throw new JsonException($"{Name} with ℓ = {choice.SplitLayer} ended within its warm-up.");
    }

    /// <summary>Most bytes of a process that holds the device's share, for as many tokens, with made-up weights.</summary>
    public async Task<long> PeakMemoryAsync(PlannedChoice choice)
    {
        const int chunk = 64; // of a prompt on a device
        var part = choice.SplitLayer == LayerCount ? Array.Empty<string>() : ["--part", "front", "--split", $"{choice.SplitLayer}"];
        var output = await BuiltProgram.RunAsync(
        [
            "bench", "--shape", Name, "--bits", $"{choice.Bits}", .. part, "--kv-bits", "16", "--prompt", $"{Math.Min(chunk, TokenCountMax - 1)}",
            "--decode", $"{Math.Max(1, TokenCountMax - chunk)}", "--rounds", "1", "--json",
        ]);
        return (long)JsonNode.Parse(output)!["peak_memory_bytes"]!;
    }
}
