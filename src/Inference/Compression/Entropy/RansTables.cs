using System.Numerics;
using System.Runtime.InteropServices;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>One symbol of a table as the encoder needs it: ⌊x/f⌋ = x · <paramref name="Reciprocal"/> / 2^44 for every x below f · 2^20.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RansSymbol(ulong Reciprocal, ushort Frequency, ushort Start, uint Complement)
{
    /// <summary>x · ⌈2^44/f⌉ is off by less than f · x &lt; 2^44, so the quotient is exact, and the product fits 64 bits.</summary>
    public const int ReciprocalBits = 44;

    /// <summary>Elements of 32 bits before the one that holds frequency (lower half) and start.</summary>
    public const int RangeOffset = sizeof(ulong) / sizeof(uint);

    /// <summary>log2 of all elements of 32 bits.</summary>
    public const int StrideLog2 = 2;
}

/// <summary>Computes a table: the same frequencies at every call, on every CPU.</summary>
/// <param name="table">Number of the table.</param>
/// <param name="frequencies">[256] Receives the frequencies; those of symbols that are not counted stay as they are.</param>
/// <returns>How many symbols the table has.</returns>
internal delegate int FrequencySource(int table, Span<ushort> frequencies);

/// <summary>
/// Frequency tables side by side, so that every symbol of a row can name its own. What they hold is fixed: share them between encoders, decoders and threads.
/// A table takes 16 KiB for decoding and 4 KiB for encoding, and is filled when it is first asked for, without an allocation.
/// </summary>
internal sealed class RansTables
{
    /// <summary>Unit of <see cref="Cost"/>: 1/256 bit.</summary>
    public const int CostFractionBits = 8;

    /// <summary>Symbols are bytes.</summary>
    public const int SymbolCountMax = 1 << SymbolBits;

    public const int SymbolBits = 8;

    private const int SymbolShift = 24;

    private readonly Lock _filling = new();
    private readonly FrequencySource _source;
    private readonly uint[] _slots;         // [table, 2^12] symbol (8 bits), frequency − 1 (12), slot − start (12)
    private readonly RansSymbol[] _symbols; // [table, 256]
    private readonly bool[] _isFilled;      // [table]

    /// <param name="count">Tables.</param>
    /// <param name="source">Whose frequencies sum to 2^12. A symbol of frequency 0 cannot be coded.</param>
    public RansTables(int count, FrequencySource source)
    {
        if (count is 0 or > ushort.MaxValue)
            throw new ArgumentException($"Expected 1 to {ushort.MaxValue} tables, found {count}.", nameof(count));
        _source = source;
        _slots = new uint[count * RansStream.Scale];
        _symbols = new RansSymbol[count * SymbolCountMax];
        _isFilled = new bool[count];
    }

    /// <summary>Tables that are filled at once.</summary>
    /// <param name="frequencies">[tables][1 to 256 symbols] Each sums to 2^12. A symbol of frequency 0 cannot be coded.</param>
    public RansTables(IReadOnlyList<ushort[]> frequencies)
        : this(frequencies.Count, (table, destination) => Copy(frequencies[table], destination)) => Fill(0, Count - 1);

    /// <summary>How many tables there are.</summary>
    public int Count => _isFilled.Length;

    /// <summary>[tables, 2^12] Zeros where a table is not filled.</summary>
    public ReadOnlySpan<uint> Slots => _slots;

    /// <summary>[tables, 256] Zeros, the frequency of symbols that a table lacks, where it is not filled.</summary>
    public ReadOnlySpan<RansSymbol> Symbols => _symbols;

    /// <summary>[2^12] Of one table, which is filled.</summary>
    public ReadOnlySpan<uint> SlotsOf(int table)
    {
        Fill(table, table);
        return _slots.AsSpan(table * RansStream.Scale, RansStream.Scale);
    }

    /// <summary>[256] Of one table, which is filled.</summary>
    public ReadOnlySpan<RansSymbol> SymbolsOf(int table)
    {
        Fill(table, table);
        return _symbols.AsSpan(table * SymbolCountMax, SymbolCountMax);
    }

    /// <summary>Makes sure that tables are filled. One thread writes at a time, and nobody writes to a table that others may read.</summary>
    public void Fill(int first, int last)
    {
        for (var table = first; table <= last; table++)
        {
            if (Volatile.Read(ref _isFilled[table]))
                continue;
            lock (_filling)
            {
                if (_isFilled[table])
                    continue;
                Fill(table);
                Volatile.Write(ref _isFilled[table], true);
            }
        }
    }

    /// <summary>The symbol of a slot entry.</summary>
    public static byte SymbolOf(uint entry) => (byte)(entry >> SymbolShift);

    /// <summary>The state before the symbol was encoded: f · ⌊x / 2^12⌋ + slot − start.</summary>
    public static uint Previous(uint state, uint entry) =>
        ((((entry >> RansStream.ScaleBits) & (RansStream.Scale - 1)) + 1) * (state >> RansStream.ScaleBits)) + (entry & (RansStream.Scale - 1));

    /// <summary>Of 2^12; 0 for symbols that the table lacks.</summary>
    public int Frequency(int table, int symbol) => SymbolsOf(table)[symbol].Frequency;

    /// <summary>Length of a symbol of frequency at least 1, in 1/256 bit, by integer arithmetic so that every CPU ranks tables alike.</summary>
    /// <param name="frequency">1 to 2^12.</param>
    public static int Cost(uint frequency)
    {
        var whole = BitOperations.Log2(frequency);
        var log = whole << CostFractionBits;
        var mantissa = (ulong)frequency << (31 - whole);  // [2^31, 2^32): 1 ≤ mantissa < 2
        for (var bit = CostFractionBits - 1; bit >= 0; bit--)
        {
            mantissa = (mantissa * mantissa) >> 31;
            if (mantissa < 1UL << 32)
                continue;
            mantissa >>= 1;
            log |= 1 << bit;
        }

        return (RansStream.ScaleBits << CostFractionBits) - log;
    }

    private static int Copy(ReadOnlySpan<ushort> frequencies, Span<ushort> destination)
    {
        if (frequencies.Length > SymbolCountMax)
            throw new ArgumentException($"Expected at most {SymbolCountMax} symbols, found {frequencies.Length}.", nameof(frequencies));
        frequencies.CopyTo(destination);
        return frequencies.Length;
    }

    private void Fill(int table)
    {
        Span<ushort> frequencies = stackalloc ushort[SymbolCountMax];
        frequencies = frequencies[.._source(table, frequencies)];
        var sum = 0;
        foreach (var frequency in frequencies)
            sum += frequency;
        if (sum != RansStream.Scale)
            throw new ArgumentException($"Table {table} has the sum {sum} ({RansStream.Scale}).", nameof(table));

        var slots = _slots.AsSpan(table * RansStream.Scale, RansStream.Scale);
        var start = 0u;
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            uint frequency = frequencies[symbol];
            if (frequency == 0)
                continue;
            var reciprocal = ((1UL << RansSymbol.ReciprocalBits) + frequency - 1) / frequency;
            _symbols[(table * SymbolCountMax) + symbol] = new RansSymbol(reciprocal, (ushort)frequency, (ushort)start, RansStream.Scale - frequency);
            for (var offset = 0u; offset < frequency; offset++)
                slots[(int)(start + offset)] = ((uint)symbol << SymbolShift) | ((frequency - 1) << RansStream.ScaleBits) | offset;
            start += frequency;
        }
    }
}
