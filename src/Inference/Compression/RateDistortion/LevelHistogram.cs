using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// How often each level occurs in the columns of each offset, and from that the shape and spread that code a frame best. Not safe for concurrent use.
/// </summary>
internal sealed class LevelHistogram
{
    private const int LevelCount = LevelQuantizer.Overflow + 1;
    private const int FirstShape = 2;

    /// <summary>Neighbours that are alike would wait for one another's count.</summary>
    private const int Copies = 4;

    private readonly int[] _symbolCounts = new int[Copies * RansTables.SymbolCountMax]; // [copies, symbol] without offsets
    private ColumnOffsets _offsets = ColumnOffsets.None;
    private int[] _counts = [];     // [offset, level]
    private int[] _ends = [];       // [offset] of its entries
    private (int Level, int Count)[] _entries = [];  // levels that occur, by offset
    private int _offsetCount;

    /// <param name="offsets">Of the columns of the tokens that follow.</param>
    public void Clear(ColumnOffsets offsets)
    {
        _offsets = offsets;
        _offsetCount = offsets.Max - offsets.Min + 1;
        var size = _offsetCount * LevelCount;
        if (_counts.Length < size)
            (_counts, _entries, _ends) = (new int[size], new (int, int)[size], new int[_offsetCount]);
        _counts.AsSpan(0, size).Clear();
        _symbolCounts.AsSpan().Clear();
    }

    /// <param name="symbols">[width] Of one token.</param>
    public void Add(ReadOnlySpan<byte> symbols)
    {
        if (_offsets.IsEmpty)
            AddSymbols(symbols);
        else
            AddLevels(symbols, _offsets.Values);
    }

    /// <summary>Searches downhill: shapes at the expected spread, neighbouring spreads, then neighbouring shapes.</summary>
    /// <param name="expectedSpread">Where the search begins.</param>
    public (int Shape, int Spread) Choose(int expectedSpread)
    {
        if (_offsets.IsEmpty)
            CountLevels();
        ListEntries();
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

    private unsafe void AddSymbols(ReadOnlySpan<byte> symbols)
    {
        fixed (int* counts = _symbolCounts)
        fixed (byte* symbol = symbols)
        {
            var column = 0;
            for (; column <= symbols.Length - Copies; column += Copies)
            {
                counts[symbol[column]]++;
                counts[RansTables.SymbolCountMax + symbol[column + 1]]++;
                counts[(2 * RansTables.SymbolCountMax) + symbol[column + 2]]++;
                counts[(3 * RansTables.SymbolCountMax) + symbol[column + 3]]++;
            }

            for (; column < symbols.Length; column++)
                counts[symbol[column]]++;
        }
    }

    /// <param name="symbols">[width]</param>
    /// <param name="offsets">[width]</param>
    private unsafe void AddLevels(ReadOnlySpan<byte> symbols, ReadOnlySpan<sbyte> offsets)
    {
        if (symbols.Length != offsets.Length)
            throw new ArgumentException($"Expected {offsets.Length} symbols, found {symbols.Length}.", nameof(symbols));
        fixed (int* counts = _counts)
        fixed (byte* symbol = symbols)
        fixed (sbyte* offset = offsets)
        {
            var unitCounts = counts - (_offsets.Min * LevelCount);  // of offset 0
            for (var column = 0; column < symbols.Length; column++)
                unitCounts[(offset[column] * LevelCount) + ((symbol[column] + 1) >> 1)]++;
        }
    }

    /// <summary>Joins the copies and the signs.</summary>
    private void CountLevels()
    {
        _counts.AsSpan(0, LevelCount).Clear();
        for (var copy = 0; copy < _symbolCounts.Length; copy += RansTables.SymbolCountMax)
        {
            for (var symbol = 0; symbol <= 2 * LevelQuantizer.Overflow; symbol++)
                _counts[(symbol + 1) >> 1] += _symbolCounts[copy + symbol];
        }
    }

    /// <summary>A token fills few of the places, which are looked at for every shape and spread.</summary>
    private void ListEntries()
    {
        var count = 0;
        for (var row = 0; row < _offsetCount; row++)
        {
            var levels = _counts.AsSpan(row * LevelCount, LevelCount);
            levels = levels[..(levels.LastIndexOfAnyExcept(0) + 1)];
            for (var level = 0; level < levels.Length; level++)
            {
                if (levels[level] != 0)
                    _entries[count++] = (level, levels[level]);
            }

            _ends[row] = count;
        }
    }

    private long Cost(int shape, int spread)
    {
        var tables = SpreadTables.For(shape);
        var (cost, first) = (0L, 0);
        for (var row = 0; row < _offsetCount; row++)
        {
            var entries = _entries.AsSpan(first, _ends[row] - first);
            first = _ends[row];
            if (entries.IsEmpty)
                continue;
            var costs = tables.Costs(SpreadTables.TableOf(spread, row + _offsets.Min));
            foreach (var (level, count) in entries)
                cost += (long)count * costs[level];
        }

        return cost;
    }
}
