using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// The parametric frequency tables of one shape. Table s is for values whose standard deviation is σ = 2^((s−20)/4) steps. Shape k is Student's
/// t-distribution with ν = 2p − 1 degrees of freedom, whose density (1 + x²/((2p−3)·σ²))^−p needs IEEE 754 +, ·, ÷ alone: the same on every CPU.
/// Small ν is for columns of unlike spread in one table, large ν is close to a normal distribution.
/// A level weighs the density over its interval, summed at the middles of 64 parts. Levels rarer than 10⁻⁵ are left out: as an outlier such a value costs
/// less than its place in the table costs all others. Every symbol gets a frequency of 1, the rest of 2^12 is shared by weight, and what rounding leaves
/// goes to level 0.
/// </summary>
internal sealed class SpreadTables
{
    /// <summary>Tables of a shape: σ from 2^-5 to 2^6.75 steps.</summary>
    public const int Count = 48;

    public const int ShapeCount = 8;

    /// <summary>The table for σ = 1 step.</summary>
    public const int UnitSpread = 20;

    /// <summary>Unit of <see cref="Costs"/>, 1/256 bit, for a value that must leave: column and value of the CSR entry.</summary>
    private const int OutlierCost = 45 << RansTables.CostFractionBits;

    private const int Parts = 64;
    private const double WeightMin = 1e-5;

    private static readonly SpreadTables?[] Shapes = new SpreadTables?[ShapeCount];

    private readonly int[] _costs = new int[Count * (LevelQuantizer.Overflow + 1)];

    private SpreadTables(int power)
    {
        var frequencies = new ushort[Count][];
        LevelMax = new byte[Count];
        for (var spread = 0; spread < Count; spread++)
        {
            frequencies[spread] = Build(spread, power);
            LevelMax[spread] = (byte)(frequencies[spread].Length / 2);
        }

        Tables = new RansTables(frequencies);
        for (var spread = 0; spread < Count; spread++)
        {
            var costs = _costs.AsSpan(spread * (LevelQuantizer.Overflow + 1), LevelQuantizer.Overflow + 1);
            for (var level = 0; level < costs.Length; level++)
                costs[level] = level <= LevelMax[spread] ? Tables.Cost(spread, 2 * level) : OutlierCost;
        }
    }

    public RansTables Tables { get; }

    /// <summary>[Count] Largest level of each table.</summary>
    public byte[] LevelMax { get; }

    /// <summary>p of each shape.</summary>
    private static ReadOnlySpan<int> Powers => [2, 3, 4, 5, 7, 10, 16, 32];

    /// <summary>Built on first use; about 1 MiB.</summary>
    /// <param name="shape">0 to 7.</param>
    public static SpreadTables For(int shape)
    {
        ref var slot = ref Shapes[shape];
        return Volatile.Read(ref slot) ?? Interlocked.CompareExchange(ref slot, new SpreadTables(Powers[shape]), comparand: null) ?? slot!;
    }

    /// <summary>[Overflow + 1] What a value of each level costs, in 1/256 bit.</summary>
    public ReadOnlySpan<int> Costs(int spread) => _costs.AsSpan(spread * (LevelQuantizer.Overflow + 1), LevelQuantizer.Overflow + 1);

    /// <summary>The table of a column: its σ is 2^(offset/4) times that of <paramref name="spread"/>.</summary>
    public static int TableOf(int spread, int offset) => Math.Clamp(spread + offset, 0, Count - 1);

    private static ushort[] Build(int spread, int power)
    {
        var sigma = (double)StepGrid.Value(spread - UnitSpread);
        var scale = 1 / (((2 * power) - 3) * sigma * sigma);
        Span<double> weights = stackalloc double[LevelQuantizer.LevelMax + 1];
        var sum = 0.0;
        for (var level = 0; level < weights.Length; level++)
        {
            var (from, to) = (level == 0 ? 0 : level - LevelQuantizer.RoundingOffset, level + (1 - LevelQuantizer.RoundingOffset));
            weights[level] = Integral(from, to, scale, power);
            sum += 2 * weights[level];
        }

        weights[0] *= 2;
        var levelMax = 1;
        while (levelMax < LevelQuantizer.LevelMax && weights[levelMax + 1] >= WeightMin * sum)
            levelMax++;
        return Frequencies(weights[..(levelMax + 1)]);
    }

    private static double Integral(double from, double to, double scale, int power)
    {
        var width = (to - from) / Parts;
        var sum = 0.0;
        for (var part = 0; part < Parts; part++)
        {
            var x = from + ((part + 0.5) * width);
            var inverse = 1 / (1 + (x * x * scale));
            var density = inverse;
            for (var i = 1; i < power; i++)
                density *= inverse;
            sum += density;
        }

        return sum * width;
    }

    /// <param name="weights">[levels] Of level 0, and of one sign of each other level.</param>
    /// <returns>[2 · levels − 1] By symbol: 0, +1, −1, +2, ….</returns>
    private static ushort[] Frequencies(ReadOnlySpan<double> weights)
    {
        var sum = weights[0];
        foreach (var weight in weights[1..])
            sum += 2 * weight;
        var frequencies = new ushort[(2 * weights.Length) - 1];
        var shared = RansStream.Scale - frequencies.Length;
        var left = shared;
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            var share = (int)(weights[(symbol + 1) / 2] / sum * shared);
            frequencies[symbol] = (ushort)(1 + share);
            left -= share;
        }

        frequencies[0] += (ushort)left;
        return frequencies;
    }
}
