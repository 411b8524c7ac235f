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

    private const double WeightMin = 1e-5;

    /// <summary>A multiple of the vectors' lanes; the last weight is without meaning.</summary>
    private const int WeightCount = LevelQuantizer.LevelMax + 2;

    private static readonly SpreadTables?[] Shapes = new SpreadTables?[ShapeCount];

    private readonly int _power;
    private readonly SpreadTable?[] _built = new SpreadTable?[Count];
    private RansTables? _tables;

    /// <summary>Tables that nobody else has. A session takes the shared ones (<see cref="For"/>).</summary>
    /// <param name="shape">0 to 7.</param>
    public SpreadTables(int shape) => _power = Powers[shape];

    /// <summary>What encodes and decodes, about 1 MiB; each table is filled on first use.</summary>
    public RansTables Tables => Volatile.Read(ref _tables)
        ?? Interlocked.CompareExchange(ref _tables, new RansTables(Count, Frequencies), comparand: null) ?? _tables!;

    /// <summary>p of each shape.</summary>
    private static ReadOnlySpan<int> Powers => [2, 3, 4, 5, 7, 10, 16, 32];

    /// <summary>Tables are built one by one, on first use.</summary>
    /// <param name="shape">0 to 7.</param>
    public static SpreadTables For(int shape)
    {
        ref var slot = ref Shapes[shape];
        return Volatile.Read(ref slot) ?? Interlocked.CompareExchange(ref slot, new SpreadTables(shape), comparand: null) ?? slot!;
    }

    /// <summary>[Overflow + 1] What a value of each level costs, in 1/256 bit.</summary>
    public ReadOnlySpan<int> Costs(int spread) => Table(spread).Costs;

    /// <summary>Largest level of a table.</summary>
    public int LevelMax(int spread) => Table(spread).LevelMax;

    /// <summary>The table of a column: its σ is 2^(offset/4) times that of <paramref name="spread"/>.</summary>
    public static int TableOf(int spread, int offset) => Math.Clamp(spread + offset, 0, Count - 1);

    private int Frequencies(int spread, Span<ushort> frequencies)
    {
        var table = Table(spread).Frequencies;
        table.CopyTo(frequencies);
        return table.Length;
    }

    /// <summary>Several threads may build a table at the same time, each one of its own; all of them use the first that is published.</summary>
    private SpreadTable Table(int spread)
    {
        ref var slot = ref _built[spread];
        return Volatile.Read(ref slot) ?? Interlocked.CompareExchange(ref slot, Build(spread), comparand: null) ?? slot!;
    }

    private SpreadTable Build(int spread)
    {
        Span<double> weights = stackalloc double[WeightCount];
        SpreadWeights.Fill(spread, _power, weights);
        var levelMax = LevelMaxOf(weights[..^1]);
        var frequencies = new ushort[(2 * levelMax) + 1];
        Share(weights[..(levelMax + 1)], frequencies);
        var costs = new int[LevelQuantizer.Overflow + 1];
        costs.AsSpan().Fill(OutlierCost);
        for (var level = 0; level <= levelMax; level++)
            costs[level] = RansTables.Cost(frequencies[2 * level]);
        return new SpreadTable(levelMax, frequencies, costs);
    }

    private static int LevelMaxOf(ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights)
            sum += 2 * weight;
        var levelMax = 1;
        while (levelMax < LevelQuantizer.LevelMax && weights[levelMax + 1] >= WeightMin * sum)
            levelMax++;
        return levelMax;
    }

    /// <param name="weights">[levels] Of one sign of each level.</param>
    /// <param name="frequencies">[2 · levels − 1] By symbol: 0, +1, −1, +2, ….</param>
    private static void Share(Span<double> weights, Span<ushort> frequencies)
    {
        weights[0] *= 2;
        var sum = weights[0];
        foreach (var weight in weights[1..])
            sum += 2 * weight;
        var shared = RansStream.Scale - frequencies.Length;
        var left = shared;
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            var share = (int)(weights[(symbol + 1) / 2] / sum * shared);
            frequencies[symbol] = (ushort)(1 + share);
            left -= share;
        }

        frequencies[0] += (ushort)left;
    }

    /// <summary>One table; nothing writes to its arrays any more.</summary>
    /// <param name="LevelMax">Largest level.</param>
    /// <param name="Frequencies">[2 · LevelMax + 1] By symbol.</param>
    /// <param name="Costs">[Overflow + 1] By level, in 1/256 bit.</param>
    private sealed record SpreadTable(int LevelMax, ushort[] Frequencies, int[] Costs);
}
