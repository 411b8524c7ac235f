using System.Numerics;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>One symbol of a table as the encoder needs it: ⌊x/f⌋ = x · <paramref name="Reciprocal"/> / 2^44 for every x below f · 2^20.</summary>
internal readonly record struct RansSymbol(ulong Reciprocal, uint Frequency, uint Start)
{
    /// <summary>x · ⌈2^44/f⌉ is off by less than f · x &lt; 2^44, so the quotient is exact, and the product fits 64 bits.</summary>
    public const int ReciprocalBits = 44;
}

/// <summary>
/// Frequency tables side by side, so that every symbol of a row can name its own. Immutable: share it between encoders, decoders and threads.
/// A table takes 16 KiB for decoding and 4 KiB for encoding.
/// </summary>
internal sealed class RansTables
{
    /// <summary>Unit of <see cref="Cost"/>: 1/256 bit.</summary>
    public const int CostFractionBits = 8;

    /// <summary>Symbols are bytes.</summary>
    public const int SymbolCountMax = 256;

    private const int SymbolShift = 24;

    private readonly uint[] _slots;         // [table, 2^12] symbol (8 bits), frequency − 1 (12), slot − start (12)
    private readonly RansSymbol[] _symbols; // [table, 256]

    /// <param name="frequencies">[tables][1 to 256 symbols] Each sums to 2^12. A symbol of frequency 0 cannot be coded.</param>
    public RansTables(IReadOnlyList<ushort[]> frequencies)
    {
        Count = frequencies.Count;
        if (Count is 0 or > ushort.MaxValue)
            throw new ArgumentException($"Expected 1 to {ushort.MaxValue} tables, found {Count}.", nameof(frequencies));
        _slots = GC.AllocateUninitializedArray<uint>(Count * RansStream.Scale);
        _symbols = new RansSymbol[Count * SymbolCountMax];
        for (var table = 0; table < Count; table++)
            Fill(table, frequencies[table]);
    }

    /// <summary>How many tables there are.</summary>
    public int Count { get; }

    public ReadOnlySpan<uint> Slots => _slots;

    public ReadOnlySpan<RansSymbol> Symbols => _symbols;

    /// <summary>The symbol of a slot entry.</summary>
    public static byte SymbolOf(uint entry) => (byte)(entry >> SymbolShift);

    /// <summary>The state before the symbol was encoded: f · ⌊x / 2^12⌋ + slot − start.</summary>
    public static uint Previous(uint state, uint entry) =>
        ((((entry >> RansStream.ScaleBits) & (RansStream.Scale - 1)) + 1) * (state >> RansStream.ScaleBits)) + (entry & (RansStream.Scale - 1));

    /// <summary>Of 2^12; 0 for symbols that the table lacks.</summary>
    public int Frequency(int table, int symbol) => (int)_symbols[(table * SymbolCountMax) + symbol].Frequency;

    /// <summary>Length of a symbol of frequency at least 1, in 1/256 bit, by integer arithmetic so that every CPU ranks tables alike.</summary>
    public int Cost(int table, int symbol)
    {
        var frequency = (uint)Frequency(table, symbol);
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

    private void Fill(int table, ReadOnlySpan<ushort> frequencies)
    {
        var sum = 0;
        foreach (var frequency in frequencies)
            sum += frequency;
        if (sum != RansStream.Scale || frequencies.Length > SymbolCountMax)
            throw new ArgumentException($"Table {table} has {frequencies.Length} symbols (at most {SymbolCountMax}) and the sum {sum} ({RansStream.Scale}).", nameof(frequencies));

        var slots = _slots.AsSpan(table * RansStream.Scale, RansStream.Scale);
        var start = 0u;
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            uint frequency = frequencies[symbol];
            if (frequency == 0)
                continue;
            var reciprocal = ((1UL << RansSymbol.ReciprocalBits) + frequency - 1) / frequency;
            _symbols[(table * SymbolCountMax) + symbol] = new RansSymbol(reciprocal, frequency, start);
            for (var offset = 0u; offset < frequency; offset++)
                slots[(int)(start + offset)] = ((uint)symbol << SymbolShift) | ((frequency - 1) << RansStream.ScaleBits) | offset;
            start += frequency;
        }
    }
}
