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
    /// <returns>Engines in the order of <paramref name="startEngines"/>.</returns>
    /// <exception cref="InvalidOperationException">An engine failed, or did not keep still while the other was measured.</exception>
    public static MeasuredRounds Run(IReadOnlyList<Func<EngineProcess>> startEngines, int roundCount, Action<string> progress)
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
            double? otherProcessorsMax = null;
            for (var round = 0; round < roundCount; round++)
            {
                foreach (var turn in Order(engines.Count, round))
                {
                    var (figures, otherProcessors) = RunAlone(engines, turn);
                    rounds[turn].Add(figures);
                    otherProcessorsMax = otherProcessors > otherProcessorsMax || otherProcessorsMax is null ? otherProcessors : otherProcessorsMax;
                }

                var reached = rounds.Select((own, i) => $"{engines[i].Name} {own[^1].DecodeTokensPerSecond:F1} tokens/s");
                progress($"round {round + 1} of {roundCount}: {string.Join(", ", reached)}");
            }

            return new MeasuredRounds([.. engines.Select((engine, i) => new EngineRounds(engine.Name, rounds[i]))], otherProcessorsMax);
        }
        finally
        {
            engines.ForEach(engine => engine.Dispose());
        }
    }

    /// <summary>Who runs when: forward in even rounds, backward in odd ones.</summary>
    internal static IEnumerable<int> Order(int engineCount, int round) =>
        Enumerable.Range(0, engineCount).Select(turn => round % 2 == 0 ? turn : engineCount - 1 - turn);

    /// <returns>The round, and how many processors other programs kept busy meanwhile.</returns>
    private static (Round Round, double? OtherProcessors) RunAlone(List<EngineProcess> engines, int turn)
    {
        var busyBefore = ProcessorClock.Busy;
        var before = engines.ConvertAll(engine => engine.ProcessorTime);
        var started = Stopwatch.GetTimestamp();
        var round = engines[turn].RunRound();
        var elapsed = Stopwatch.GetElapsedTime(started);
        var shares = engines.Select((engine, i) => (engine.ProcessorTime - before[i]) / elapsed).ToArray();
        for (var i = 0; i < engines.Count; i++)
        {
            if (i != turn && shares[i] > IdleShareMax)
                throw new InvalidOperationException($"{engines[i].Name} used {shares[i]:P0} of a processor while {engines[turn].Name} was measured: the figures are worth nothing.");
        }

        var busyShare = (ProcessorClock.Busy - busyBefore) / elapsed;
        return (round, busyShare is { } busy ? Math.Max(busy - shares.Sum(), 0) : null);
    }
}

internal sealed record EngineRounds(string Name, IReadOnlyList<Round> Rounds);

/// <param name="OtherProcessorsMax">Processors that other programs kept busy during a round, at most; null where it is not known.</param>
internal sealed record MeasuredRounds(IReadOnlyList<EngineRounds> Engines, double? OtherProcessorsMax);
