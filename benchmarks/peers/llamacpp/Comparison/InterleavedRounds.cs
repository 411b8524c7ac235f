using System.Diagnostics;

namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>
/// Two engines by turns, since the speed of a shared machine drifts by more than engines differ: in every round each runs once, and the other one
/// begins the next round. Figures are compared within a round only.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Share of a processor above which a waiting engine disturbs the one that is measured.</summary>
    public const double IdleShareMax = 0.05;

    /// <param name="startEngines">Start one engine each. The second is started when the first has warmed up and waits.</param>
    /// <param name="progress">Told after every round.</param>
    /// <returns>An engine's name and rounds, in the order of <paramref name="startEngines"/>.</returns>
    /// <exception cref="InvalidOperationException">An engine failed, or did not keep still while the other was measured.</exception>
    public static IReadOnlyList<EngineRounds> Run(IReadOnlyList<Func<EngineProcess>> startEngines, int roundCount, Action<string> progress)
    {
        var engines = new List<EngineProcess>();
        try
        {
            foreach (var start in startEngines)
            {
                engines.Add(start());
                engines[^1].RunRound(); // loads the model, compiles, touches every page
            }

            var rounds = engines.ConvertAll(_ => new List<Round>());
            for (var round = 0; round < roundCount; round++)
            {
                foreach (var turn in Order(engines.Count, round))
                    rounds[turn].Add(RunAlone(engines, turn));
                progress($"round {round + 1} of {roundCount}: " + string.Join(", ", rounds.Select((own, i) => $"{engines[i].Name} {own[^1].DecodeTokensPerSecond:F1} tokens/s")));
            }

            return [.. engines.Select((engine, i) => new EngineRounds(engine.Name, rounds[i]))];
        }
        finally
        {
            engines.ForEach(engine => engine.Dispose());
        }
    }

    /// <summary>Who runs when: forward in even rounds, backward in odd ones.</summary>
    internal static IEnumerable<int> Order(int engineCount, int round) =>
        Enumerable.Range(0, engineCount).Select(turn => round % 2 == 0 ? turn : engineCount - 1 - turn);

    private static Round RunAlone(List<EngineProcess> engines, int turn)
    {
        var others = engines.Where((_, i) => i != turn).Select(engine => (Engine: engine, Before: engine.ProcessorTime)).ToArray();
        var started = Stopwatch.GetTimestamp();
        var round = engines[turn].RunRound();
        var elapsed = Stopwatch.GetElapsedTime(started);
        foreach (var (engine, before) in others)
        {
            var share = (engine.ProcessorTime - before) / elapsed;
            if (share > IdleShareMax)
                throw new InvalidOperationException($"{engine.Name} used {share:P0} of a processor while {engines[turn].Name} was measured: the figures are worth nothing.");
        }

        return round;
    }
}

internal sealed record EngineRounds(string Name, IReadOnlyList<Round> Rounds);
