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

    private static readonly FrequencyTable?[] Tables = new FrequencyTable?[BitsHighest * ShapeCount * 2];
    private static readonly int[]?[] Costs = new int[]?[BitsHighest * 2];

    /// <summary>The table for a token; built on first use, at most <c>8 · 32 · 2</c> of them.</summary>
    public static FrequencyTable For(QuantizationGrid grid, int shape)
    {
        ref var slot = ref Tables[(ClassOf(grid) * ShapeCount) + shape];
        return Volatile.Read(ref slot) ?? Publish(ref slot, Build(grid, shape));
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

    private static FrequencyTable Build(QuantizationGrid grid, int shape)
    {
        var levelCount = grid.LevelMax + 1;
        var spread = (double)levelCount;
        for (var i = 0; i < shape; i++)
            spread *= SpreadRatio;
        var laplace = spread / (spread + 0.25);
        var normal = spread * spread / ((spread * spread) + 0.5);

        var weights = new double[grid.SymbolCount];
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
        return new FrequencyTable(Frequencies(weights, sum));
    }

    /// <summary>Every symbol gets 1, the rest is shared by weight, and what rounding leaves goes to symbol 0.</summary>
    private static ushort[] Frequencies(double[] weights, double sum)
    {
        var shared = (1 << FrequencyTable.ScaleBits) - weights.Length;
        var left = shared;
        var frequencies = new ushort[weights.Length];
        for (var symbol = 0; symbol < weights.Length; symbol++)
        {
            var share = (int)(weights[symbol] / sum * shared);
            frequencies[symbol] = (ushort)(1 + share);
            left -= share;
        }

        frequencies[0] += (ushort)left;
        return frequencies;
    }

    private static int[] CostsOf(QuantizationGrid grid)
    {
        var levelCount = grid.LevelMax + 1;
        var costs = new int[ShapeCount * levelCount];
        for (var shape = 0; shape < ShapeCount; shape++)
        {
            var table = For(grid, shape);
            for (var level = 0; level < levelCount; level++)
                costs[(shape * levelCount) + level] = table.Cost(grid.SymbolOf(level, isNegative: true));
        }

        return costs;
    }

    private static T Publish<T>(ref T? slot, T value)
        where T : class => Interlocked.CompareExchange(ref slot, value, null) ?? value;
}
