using System.CommandLine;
using SplitActors.Inference;
using SplitActors.Inference.Models;
using SplitActors.Peers.LlamaCpp.Comparison;
using SplitActors.Peers.LlamaCpp.Engine;
using SplitActors.Tests.Shared;

namespace SplitActors.Peers.LlamaCpp;

/// <summary>The command line: the comparison, and the child process that it starts.</summary>
internal static class Commands
{
    private const string Child = "llamacpp";
    private const string Ours = "splitactors";

    private static readonly string ThisProgram = Path.Combine(AppContext.BaseDirectory, "SplitActors.Peers.LlamaCpp");
    private static readonly Option<string> Shape = Recursive("--shape", "llama-1b", $"Model sizes: {string.Join(", ", ModelShapes.Names)}.");
    private static readonly Option<int> Bits = Recursive("--bits", 4, "Bits of a weight: 4 (Q4_0) or 8 (Q8_0).");
    private static readonly Option<int> Threads = Recursive("--threads", Environment.ProcessorCount, "Threads of each engine.");
    private static readonly Option<int> Prompt = Recursive("--prompt", 512, "Tokens of the prompt.");
    private static readonly Option<int> Decode = Recursive("--decode", 64, "Tokens decoded after it, greedily.");
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Rounds after the warm-up.", DefaultValueFactory = _ => 5 };
    private static readonly Option<string?> Only = new("--only") { Description = $"Measures one engine alone: {Ours} or {Child}." };
    private static readonly Option<bool> Json = new("--json") { Description = "Prints one JSON object." };

    public static RootCommand Create()
    {
        var child = new Command(Child, "Runs llama.cpp for the comparison: a round for each line on standard input.") { Hidden = true };
        child.SetAction(parsed => RoundLoop.Run(Workload(parsed)));
        Only.AcceptOnlyFromAmong(Ours, Child);

        var root = new RootCommand("Measures splitactors and llama.cpp by turns on the same made-up model, and prints the ratios.")
        {
            Shape, Bits, Threads, Prompt, Decode, Rounds, Only, Json, child,
        };
        root.SetAction(Compare);
        return root;
    }

    private static void Compare(ParseResult parsed)
    {
        var workload = Workload(parsed);
        var roundCount = parsed.GetValue(Rounds);
        if (roundCount < 1)
            throw new UserErrorException(UserErrorKind.Options, Rounds.Name, "1 round or more", $"{roundCount}", "Five rounds show how far figures spread.");
        var only = parsed.GetValue(Only);
        List<Func<EngineProcess>> engines = [];
        if (only is null or Ours)
            engines.Add(() => StartOurs(workload, roundCount));
        if (only is null or Child)
        {
            Installation.Check();
            workload.EnsureModelFile();
            engines.Add(() => EngineProcess.Start("llama.cpp", ThisProgram, [Child, .. workload.ToArguments()]));
        }

        var report = new Report(workload, InterleavedRounds.Run(engines, roundCount, Console.Error.WriteLine));
        foreach (var line in parsed.GetValue(Json) ? [report.ToJson()] : report.ToText())
            Console.Out.WriteLine(line);
    }

    /// <summary>The built program itself, as users run it; one round more, to warm up.</summary>
    private static EngineProcess StartOurs(Workload workload, int roundCount) => EngineProcess.Start(
        Ours,
        Repository.PathTo("artifacts", "bin", "SplitActors.Hosts", "release", "splitactors"),
        ["bench", .. workload.ToArguments(), "--rounds", $"{roundCount + 2}", "--step", "--json"]);

    private static Workload Workload(ParseResult parsed)
    {
        var workload = new Workload(
            parsed.GetValue(Shape)!, parsed.GetValue(Bits), parsed.GetValue(Threads), parsed.GetValue(Prompt), parsed.GetValue(Decode));
        workload.Validate();
        return workload;
    }

    private static Option<T> Recursive<T>(string name, T defaultValue, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue, Recursive = true };
}
