using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression;

/// <summary>
/// The fixed family of frequency tables. A token names its table by bit-width and one of 32 shapes, in five bits, where a table of its own would
/// cost more than it saves: on hidden states the best shape is within 1 byte in 100 of the token's own entropy.
/// Shape k has spread v = 2^(Q−1)·0.8^k levels; level m weighs a^m·g^(m²) with a = v/(v + ¼), g = v²/(v² + ½), between
/// a Laplace and a normal distribution. Level 0 weighs half where it has no sign, because it then collects half an interval.
/// Weights are IEEE 754 double with +, ·, / only: every CPU builds the same tables.
/// </summary>
internal static class TableFamily
{
    public const int ShapeCount = 32;

    private const int BitsHighest = TabqOptions.BitsHighest;
    private const double SpreadRatio = 0.8;

    private static readonly RansTables?[] Tables = new RansTables?[BitsHighest * 2];
    private static readonly int[]?[] Costs = new int[]?[BitsHighest * 2];

    /// <summary>The tables of all shapes for a token's alphabet, each filled on first use; 640 KiB for each of at most 8 · 2 alphabets.</summary>
    public static RansTables For(QuantizationGrid grid)
    {
        ref var tables = ref Tables[ClassOf(grid)];
        return Volatile.Read(ref tables) ?? Publish(ref tables, Build(grid));
    }

    /// <summary>The shape that codes these levels in the fewest bits; the lowest of equals.</summary>
    /// <param name="grid">The token's grid.</param>
    /// <param name="levelCounts">[Q_max + 1] How often each level occurs.</param>
    public static int Choose(QuantizationGrid grid, ReadOnlySpan<int> levelCounts)
    {
        ref var slot = ref Costs[ClassOf(grid)];
        var costs = Volatile.Read(ref slot) ?? Publish(ref slot, CostsOf(grid));  // [ShapeCount, Q_max + 1]
        var (best, bestCost) = (0, long.MaxValue);
        for (var shape = 0; shape < ShapeCount; shape++)
        {
            var shapeCosts = costs.AsSpan(shape * levelCounts.Length, levelCounts.Length);
            var cost = 0L;
            for (var level = 0; level < levelCounts.Length; level++)
                cost += (long)levelCounts[level] * shapeCosts[level];
            if (cost < bestCost)
                (best, bestCost) = (shape, cost);
        }

        return best;
    }

    private static int ClassOf(QuantizationGrid grid) =>
        (2 * (grid.Bits - 1)) + (grid.ZeroLevelHasSign ? 1 : 0);

    private static RansTables Build(QuantizationGrid grid) => new(ShapeCount, (shape, frequencies) => Frequencies(grid, shape, frequencies));

    /// <returns>How many there are.</returns>
    private static int Frequencies(QuantizationGrid grid, int shape, Span<ushort> frequencies)
    {
        var levelCount = grid.LevelMax + 1;
        var spread = (double)levelCount;
        for (var i = 0; i < shape; i++)
            spread *= SpreadRatio;
        var laplace = spread / (spread + 0.25);
        var normal = spread * spread / ((spread * spread) + 0.5);

        Span<double> weights = stackalloc double[grid.SymbolCount];
        var (weight, ratio, sum) = (1.0, laplace * normal, 0.0);
        for (var level = 0; level < levelCount; level++)
        {
            weights[grid.SymbolOf(level, isNegative: false)] = weight;
            weights[grid.SymbolOf(level, isNegative: true)] = weight;  // the same symbol for an unsigned 0, so half of two
            weight *= ratio;
            ratio *= normal * normal;
        }

        foreach (var value in weights)
            sum += value;
        Share(weights, sum, frequencies);
        return weights.Length;
    }

    /// <summary>Every symbol gets 1, the rest is shared by weight, and what rounding leaves goes to symbol 0.</summary>
    private static void Share(ReadOnlySpan<double> weights, double sum, Span<ushort> frequencies)
    {
        var shared = RansStream.Scale - weights.Length;
        var left = shared;
        for (var symbol = 0; symbol < weights.Length; symbol++)
        {
            var share = (int)(weights[symbol] / sum * shared);
            frequencies[symbol] = (ushort)(1 + share);
            left -= share;
        }

        frequencies[0] += (ushort)left;
    }

    private static int[] CostsOf(QuantizationGrid grid)
    {
        Span<ushort> frequencies = stackalloc ushort[RansTables.SymbolCountMax];
        var levelCount = grid.LevelMax + 1;
        var costs = new int[ShapeCount * levelCount];
        for (var shape = 0; shape < ShapeCount; shape++)
        {
            _ = Frequencies(grid, shape, frequencies);
            for (var level = 0; level < levelCount; level++)
                costs[(shape * levelCount) + level] = RansTables.Cost(frequencies[grid.SymbolOf(level, isNegative: true)]);
        }

        return costs;
    }

    private static T Publish<T>(ref T? slot, T value)
        where T : class => Interlocked.CompareExchange(ref slot, value, null) ?? value;
}
