namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// How often each level occurs in the columns of each offset, and from that the shape and spread that code a frame best. Not safe for concurrent use.
/// </summary>
internal sealed class LevelHistogram
{
    private const int LevelCount = LevelQuantizer.Overflow + 1;
    private const int FirstShape = 2;

    private int[] _counts = [];     // [offset, level]
    private int[] _levelMax = [];   // [offset] largest level that occurs
    private int _offsetMin;

    /// <param name="offsets">[width] Of the columns; empty: all 0.</param>
    public void Clear(ReadOnlySpan<sbyte> offsets)
    {
        var offsetMax = 0;
        _offsetMin = 0;
        foreach (var offset in offsets)
            (_offsetMin, offsetMax) = (Math.Min(_offsetMin, offset), Math.Max(offsetMax, offset));
        var size = (offsetMax - _offsetMin + 1) * LevelCount;
        if (_counts.Length < size)
            (_counts, _levelMax) = (new int[size], new int[size / LevelCount]);
        Array.Clear(_counts);
    }

    /// <param name="symbols">[width]</param>
    /// <param name="offsets">[width] or empty, as for <see cref="Clear"/>.</param>
    public void Add(ReadOnlySpan<byte> symbols, ReadOnlySpan<sbyte> offsets)
    {
        if (offsets.IsEmpty)
        {
            var counts = _counts.AsSpan(-_offsetMin * LevelCount, LevelCount);
            foreach (var symbol in symbols)
                counts[(symbol + 1) >> 1]++;
        }
        else
        {
            for (var column = 0; column < symbols.Length; column++)
                _counts[((offsets[column] - _offsetMin) * LevelCount) + ((symbols[column] + 1) >> 1)]++;
        }
    }

    /// <summary>Searches downhill: shapes at the expected spread, neighbouring spreads, then neighbouring shapes.</summary>
    /// <param name="expectedSpread">Where the search begins.</param>
    public (int Shape, int Spread) Choose(int expectedSpread)
    {
        for (var row = 0; row < _levelMax.Length; row++)
            _levelMax[row] = _counts.AsSpan(row * LevelCount, LevelCount).LastIndexOfAnyExcept(0);
        var best = (Shape: FirstShape, Spread: expectedSpread);
        var bestCost = Cost(best.Shape, best.Spread);
        for (var shape = 0; shape < SpreadTables.ShapeCount; shape++)
            _ = Improve(shape, expectedSpread);
        foreach (var direction in (ReadOnlySpan<int>)[1, -1])
        {
            while (best.Spread + direction is > sbyte.MinValue and < sbyte.MaxValue && Improve(best.Shape, best.Spread + direction))
            {
            }
        }

        foreach (var direction in (ReadOnlySpan<int>)[1, -1])
        {
            while (best.Shape + direction is >= 0 and < SpreadTables.ShapeCount && Improve(best.Shape + direction, best.Spread))
            {
            }
        }

        return best;

        bool Improve(int shape, int spread)
        {
            var cost = Cost(shape, spread);
            if (cost >= bestCost)
                return false;
            (best, bestCost) = ((shape, spread), cost);
            return true;
        }
    }

    private long Cost(int shape, int spread)
    {
        var tables = SpreadTables.For(shape);
        var cost = 0L;
        for (var row = 0; row < _levelMax.Length; row++)
        {
            if (_levelMax[row] < 0)
                continue;
            var counts = _counts.AsSpan(row * LevelCount, _levelMax[row] + 1);
            var costs = tables.Costs(SpreadTables.TableOf(spread, row + _offsetMin));
            for (var level = 0; level < counts.Length; level++)
                cost += (long)counts[level] * costs[level];
        }

        return cost;
    }
}
