using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>
/// Two threads that need the same tables for the first time, as two sessions do with the first frames of a process: round after round they meet at tables
/// that nobody has used, ask for each as an encoder and a decoder do, and compare what they get with what one thread alone has built.
/// </summary>
internal static class FirstTables
{
    private const int ThreadCount = 2;

    /// <param name="countMin">First uses of a table by each thread, at least.</param>
    public static FirstTablesResult Run(long countMin)
    {
        var expected = Enumerable.Range(0, SpreadTables.ShapeCount).Select(shape => new SpreadTables(shape)).ToArray();
        foreach (var tables in expected)
            tables.Tables.Fill(0, SpreadTables.Count - 1);
        var fresh = new SpreadTables(shape: 0);
        var (done, wrongCount, firstFault) = (0L, 0L, (string?)null);
        using var meeting = new Barrier(ThreadCount, _ =>
        {
            fresh = new SpreadTables((int)(done / SpreadTables.Count % SpreadTables.ShapeCount));
            done += SpreadTables.Count;
        });
        var roundCount = (countMin + SpreadTables.Count - 1) / SpreadTables.Count;
        var threads = Enumerable.Range(0, ThreadCount).Select(_ => new Thread(() =>
        {
            for (var round = 0L; round < roundCount; round++)
            {
                meeting.SignalAndWait();
                for (var spread = 0; spread < SpreadTables.Count; spread++)
                {
                    if (FaultOf(fresh, expected[round % SpreadTables.ShapeCount], spread) is not { } fault)
                        continue;
                    Interlocked.Increment(ref wrongCount);
                    Interlocked.CompareExchange(ref firstFault, fault, comparand: null);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return new FirstTablesResult(ThreadCount * roundCount * SpreadTables.Count, wrongCount, firstFault);
    }

    private static string? FaultOf(SpreadTables tables, SpreadTables expected, int spread)
    {
        try
        {
            if (!tables.Costs(spread).SequenceEqual(expected.Costs(spread)))
                return $"The costs of table {spread} are others.";
            if (tables.LevelMax(spread) != expected.LevelMax(spread))
                return $"Table {spread} has {tables.LevelMax(spread)} levels ({expected.LevelMax(spread)}).";
            if (!tables.Tables.SlotsOf(spread).SequenceEqual(expected.Tables.SlotsOf(spread)))
                return $"The slots of table {spread} are others.";
            return tables.Tables.SymbolsOf(spread).SequenceEqual(expected.Tables.SymbolsOf(spread)) ? null : $"The symbols of table {spread} are others.";
        }
        catch (ArgumentException error)
        {
            return error.Message; // the frequencies of a table do not sum to 2^12
        }
    }
}

/// <summary>What two threads found.</summary>
/// <param name="UseCount">First uses of a table, of both threads.</param>
/// <param name="WrongCount">That were given something wrong.</param>
/// <param name="FirstFault">What the first of them was; null if there was none.</param>
internal sealed record FirstTablesResult(long UseCount, long WrongCount, string? FirstFault);
