using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Tests.Compression.Entropy;

/// <summary>Rows of symbols and the tables that code them, made from a seed.</summary>
internal sealed record RansCase(int Seed, int Rows, int Width)
{
    private const int TableCount = 7;

    /// <summary>One lane, four and 32; whole blocks of lanes, partial ones, and rows narrower than a block.</summary>
    public static Gen<RansCase> Gen { get; } =
        from seed in FsCheck.Fluent.Gen.Choose(0, int.MaxValue)
        from shape in FsCheck.Fluent.Gen.Elements(
            (0, 1), (1, 1), (1, 3), (1, 256), (7, 255), (1, 2048), (1, 4096), (3, 4095), (700, 3), (2, 32768), (9, 4097), (1100, 31), (513, 64))
        select new RansCase(seed, shape.Item1, shape.Item2);

    public int SymbolCount => Rows * Width;

    /// <summary>Skewed and flat tables of 1 to 256 symbols, some of frequency 0.</summary>
    public RansTables Tables()
    {
        var random = new Random(Seed);
        return new RansTables([.. Enumerable.Range(0, TableCount).Select(_ => Frequencies(random))]);
    }

    /// <summary>[rows][width] The table of each symbol.</summary>
    public ushort[][] TableNumbers()
    {
        var random = new Random(Seed + 1);
        return [.. Enumerable.Range(0, Rows).Select(_ => Enumerable.Range(0, Width).Select(_ => (ushort)random.Next(TableCount)).ToArray())];
    }

    /// <summary>[rows][width] Drawn by the tables' frequencies, or each codable symbol alike, so that rare ones are common.</summary>
    public byte[][] Symbols(RansTables tables, ushort[][] tableNumbers)
    {
        var random = new Random(Seed + 2);
        var isFlat = random.Next(2) == 0;
        return [.. tableNumbers.Select(row => row.Select(table => Draw(random, tables, table, isFlat)).ToArray())];
    }

    private static byte Draw(Random random, RansTables tables, int table, bool isFlat)
    {
        var slots = tables.Slots.Slice(table * RansStream.Scale, RansStream.Scale);
        var symbol = RansTables.SymbolOf(slots[random.Next(RansStream.Scale)]);
        for (var tries = 0; isFlat && tries < 100; tries++)
        {
            var candidate = random.Next(RansTables.SymbolCountMax);
            if (tables.Frequency(table, candidate) > 0)
                return (byte)candidate;
        }

        return symbol;
    }

    private static ushort[] Frequencies(Random random)
    {
        var frequencies = new ushort[random.Next(1, RansTables.SymbolCountMax + 1)];
        var left = RansStream.Scale;
        for (var symbol = 1; symbol < frequencies.Length; symbol++)
        {
            frequencies[symbol] = (ushort)random.Next(0, Math.Min(left, 1 + random.Next(1 << random.Next(13))) + 1);
            left -= frequencies[symbol];
        }

        frequencies[0] = (ushort)left;
        return frequencies;
    }
}
