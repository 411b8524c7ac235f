using SplitActors.Inference.Planning.EarlyExit;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Inference.Tests.Planning.EarlyExit;

/// <summary>
/// A small random problem with costs in whole numbers, so that equal costs and deadlines that are met exactly occur. They are monotone in tokens and bits; bytes
/// and what shipping takes may fall with layers, and not every ℓ need be possible.
/// </summary>
internal sealed class TabulatedCosts : IExitCosts, ILinkModel
{
    private readonly int[] _prepareSeconds;          // [ℓ]
    private readonly double[,] _seconds;             // [w, ℓ]
    private readonly long[][,] _bytes;               // of each concession, [w, ℓ]

    public TabulatedCosts(int seed)
    {
        var random = new Random(seed);
        (TokenCountMax, LayerCount) = (random.Next(1, 9), random.Next(1, 7));
        ExitLayers = [.. Enumerable.Range(1, LayerCount).Where(_ => random.Next(4) > 0).DefaultIfEmpty(LayerCount)];
        _prepareSeconds = [.. Enumerable.Range(0, LayerCount + 1).Select(_ => random.Next(0, 3))];
        Bits = [.. Enumerable.Range(2, 7).OrderBy(_ => random.Next()).Take(random.Next(1, 4))];
        DeadlineSeconds = random.Next(0, 120);
        _seconds = new double[TokenCountMax + 1, LayerCount + 1];
        var elapsed = 0.0;
        for (var token = 1; token <= TokenCountMax; token++)
        {
            for (var layer = 1; layer <= LayerCount; layer++)
                _seconds[token, layer] = elapsed += random.Next(0, 4);
        }

        _bytes = [.. MonotoneInBits(random), .. MonotoneInBits(random)]; // with keys and values, and without
    }

    public int TokenCountMax { get; }

    public int LayerCount { get; }

    /// <summary>Each ℓ that an exit may have.</summary>
    public int[] ExitLayers { get; }

    public int[] Bits { get; }

    public double DeadlineSeconds { get; set; }

    /// <summary>Slows the link down.</summary>
    public double SecondsPerByte { get; set; } = 1;

    public EarlyExitProblem Problem => new(this, this, DeadlineSeconds, TokenCountMax, LayerCount, Bits, ExitLayers);

    public double ComputeSeconds(int tokenCount, int layer) => _seconds[tokenCount, layer];

    public double PrepareSeconds(ExitState state) => _prepareSeconds[state.Layer];

    public long ByteCount(ExitState state) =>
        _bytes[(state.ShipsKvCache ? 0 : Bits.Length) + Array.IndexOf([.. Bits.Order()], state.Bits)][state.TokenCount, state.Layer];

    public double ExpectedSeconds(long byteCount) => byteCount * SecondsPerByte;

    public double WorstCaseSeconds(long byteCount) => byteCount * SecondsPerByte;

    /// <summary>
    /// All exits, whatever they cost, the best first: deepest, then with the least concession, then with the most tokens.
    /// </summary>
    public IEnumerable<ExitState> AllExits() =>
        from token in Enumerable.Range(1, TokenCountMax)
        from layer in ExitLayers
        from ships in new[] { true, false }
        from bits in Bits
        orderby token * layer descending, ships descending, bits descending, token descending
        select new ExitState(token, layer, ships, bits);

    /// <summary>A table for each bit-width, ascending: it falls neither with tokens nor with bits.</summary>
    private IEnumerable<long[,]> MonotoneInBits(Random random)
    {
        var before = new long[TokenCountMax + 1, LayerCount + 1];
        foreach (var _ in Bits)
        {
            var table = new long[TokenCountMax + 1, LayerCount + 1];
            for (var token = 1; token <= TokenCountMax; token++)
            {
                for (var layer = 1; layer <= LayerCount; layer++)
                    table[token, layer] = Math.Max(before[token, layer], table[token - 1, layer]) + random.Next(0, 9);
            }

            yield return table;
            before = table;
        }
    }
}
