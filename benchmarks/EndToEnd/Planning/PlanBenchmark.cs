using System.Diagnostics;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd.Planning;

/// <summary>
/// What the planner expects against what fresh processes do: time per token over emulated links, memory of a device's share, and whether what it chooses is
/// best. In each round this machine is profiled anew before the runs over each link, since the speed of a shared machine drifts; figures are medians of the rounds.
/// </summary>
internal sealed class PlanBenchmark(int roundCount, string folder)
{
    private const int TokensOfMemory = 96; // so that a prompt fills a chunk

    private static readonly int[] QuartersWithRoom = [3, 2, 1]; // of the layers

    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer_config.json"];

    private readonly PlannedModel[] _models = ModelsIn(folder);
    private readonly Dictionary<(PlannedModel Model, string Link, PlannedChoice Choice), List<(double ExpectedMs, MeasuredToken Measured)>> _tokens = [];
    private readonly List<PlanDecision> _decisions = [];

    public static async Task RunAsync(int roundCount)
    {
        var folder = Directory.CreateTempSubdirectory("splitactors-plan-").FullName;
        try
        {
            var started = Stopwatch.GetTimestamp();
            await new PlanBenchmark(roundCount, folder).RunAsync();
            Console.WriteLine($"\n{roundCount} rounds in {Stopwatch.GetElapsedTime(started).TotalMinutes:0.0} minutes; {Environment.ProcessorCount} processors.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static PlannedModel[] ModelsIn(string folder) =>
    [
        new("quill", 8, ["--max-rise", "1000%"], [], WorkerBits: 16, FrontBits: [16, 4], RunsPackage: false, WarmUpTokens: 160, TokenCount: 48,
            ["lan", "wifi", "lte", "rayleigh:bw=1MHz,snr=10,rtt=4ms", "bandwidth=1Mbit,rtt=30ms,loss=2%"], SplitLayers: [0, 2, 4, 6, 8]),
        new("llama-1b", 16, ["--shape", "llama-1b"], ["--model", Path.Combine(folder, "llama-1b")], WorkerBits: 4, FrontBits: [4], RunsPackage: true, WarmUpTokens: 40, TokenCount: 24,
            ["wifi", "lte", "rayleigh:bw=1MHz,snr=10,rtt=4ms"], SplitLayers: [0, 4, 8, 12, 16]),
    ];

    private async Task RunAsync()
    {
        await WritePackageAsync();
        foreach (var model in _models)
            await DecideAsync(model);
        for (var round = 0; round < roundCount; round++)
        {
            foreach (var model in _models)
                await MeasureTokensAsync(model, round);
        }

        var report = new PlanBenchmarkReport(Console.Out);
        report.Tokens([.. _tokens.Select(entry => new ComparedToken(entry.Key.Model, entry.Key.Link, entry.Key.Choice, entry.Value))]);
        report.Memory(await MeasureMemoryAsync());
        report.Decisions([.. _decisions.Select(decision => decision with { BestMs = BestMs(decision), ChosenMs = MeasuredMs(decision, decision.Choice), UnsplitMs = UnsplitMs(decision) })]);
    }

    /// <summary>Made-up weights with the embedded model's tokenizer, whose every token this model has too.</summary>
    private async Task WritePackageAsync()
    {
        var package = Path.Combine(folder, "llama-1b");
        await BuiltProgram.RunAsync(["bench", "--shape", "llama-1b", "--bits", "4", "--store", package, "--prompt", "1", "--decode", "1", "--rounds", "1", "--json"]);
        foreach (var file in TokenizerFiles)
            File.Copy(Path.Combine(Repository.Quill, file), Path.Combine(package, file));
    }

    /// <summary>Every link, without a limit of memory and with limits that a quarter, half and three quarters of the layers just keep.</summary>
    private async Task DecideAsync(PlannedModel model)
    {
        var refreshes = true;
        foreach (var link in model.Links)
        {
            var open = await model.PlanAsync(link, memoryBytesMax: null, refreshes, folder);
            refreshes = false;
            var limits = QuartersWithRoom.Select(quarters => open.Candidates[new PlannedChoice(model.LayerCount * quarters / 4, model.FrontBits[^1])].MemoryBytes);
            foreach (var limit in limits.Select(bytes => (long?)bytes).Prepend(null))
            {
                var answer = limit is null ? open : await model.PlanAsync(link, limit, refreshes: false, folder);
                if (answer.Choice is not { } choice)
                    continue;
                var fitting = open.Candidates.Where(candidate => limit is null || candidate.Value.MemoryBytes <= limit).Select(candidate => candidate.Key).ToHashSet();
                _decisions.Add(new PlanDecision(model, link, limit, choice, fitting));
                _tokens.TryAdd((model, link, choice), []);
            }

            foreach (var choice in model.Grid)
                _tokens.TryAdd((model, link, choice), []);
        }
    }

    private async Task MeasureTokensAsync(PlannedModel model, int round)
    {
        foreach (var link in model.Links)
        {
            var expected = (await model.PlanAsync(link, memoryBytesMax: null, refreshes: true, folder)).Candidates;
            foreach (var (key, figures) in _tokens.Where(entry => entry.Key.Model == model && entry.Key.Link == link && entry.Value.Count == round))
                figures.Add((expected[key.Choice].TokenMs, await model.RunAsync(key.Choice, link)));
        }
    }

    private async Task<List<ComparedMemory>> MeasureMemoryAsync()
    {
        var compared = new List<ComparedMemory>();
        foreach (var (model, bits, step) in new[] { (_models[0], 16, 1), (_models[0], 8, 1), (_models[0], 4, 1), (_models[1], 8, 4), (_models[1], 4, 2) })
        {
            var asked = model with { FrontBits = [bits], TokenCount = TokensOfMemory };
            var expected = (await asked.PlanAsync("lan", memoryBytesMax: null, refreshes: false, folder)).Candidates;
            for (var split = step; split <= model.LayerCount; split += step)
            {
                var choice = new PlannedChoice(split, bits);
                compared.Add(new ComparedMemory(model, choice, expected[choice].MemoryBytes, await asked.PeakMemoryAsync(choice)));
            }
        }

        return compared;
    }

    private double MeasuredMs(PlanDecision decision, PlannedChoice choice) =>
        Figures.Median(_tokens[(decision.Model, decision.Link, choice)].Select(figures => figures.Measured.Total));

    /// <summary>Of all that was measured on this link and has room.</summary>
    private double BestMs(PlanDecision decision) => _tokens.Keys
        .Where(key => key.Model == decision.Model && key.Link == decision.Link && decision.Fitting.Contains(key.Choice))
        .Min(key => MeasuredMs(decision, key.Choice));

    /// <summary>The worker alone, or the device alone where it has room.</summary>
    private double UnsplitMs(PlanDecision decision) => decision.Model.Grid
        .Where(choice => choice.SplitLayer == 0 || choice.SplitLayer == decision.Model.LayerCount)
        .Where(decision.Fitting.Contains)
        .Min(choice => MeasuredMs(decision, choice));
}
