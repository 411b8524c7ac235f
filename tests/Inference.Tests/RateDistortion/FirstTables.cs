using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>
/// Two threads that need the same tables for the first time, as two sessions do with the first frames of a process: round after round they meet at tables
/// that nobody has used, ask for each as an encoder and a decoder do, and compare what they get with what one thread alone has built.
/// </summary>
internal static class FirstTables
{
    /// <param name="countMin">First uses of a table by each thread, at least.</param>
    public static FirstUsesResult Run(long countMin)
    {
        var expected = Enumerable.Range(0, SpreadTables.ShapeCount).Select(shape => new SpreadTables(shape)).ToArray();
        foreach (var tables in expected)
            tables.Tables.Fill(0, SpreadTables.Count - 1);
        var fresh = new SpreadTables(shape: 0);
        var roundCount = (countMin + SpreadTables.Count - 1) / SpreadTables.Count;
        return FirstUses.Run(
            roundCount,
            SpreadTables.Count,
            round => fresh = new SpreadTables(ShapeOf(round)),
            () => (round, spread) => FaultOf(fresh, expected[ShapeOf(round)], spread));

        static int ShapeOf(long round) => (int)(round % SpreadTables.ShapeCount);
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
