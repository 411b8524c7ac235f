using System.Numerics;

namespace SplitActors.Inference.Compression;

/// <summary>Symbol frequencies that sum to 2^12, with what rANS needs of them: starts, and the symbol of each of the 4096 slots.</summary>
internal sealed class FrequencyTable
{
    /// <summary>log2 of the sum of all frequencies.</summary>
    public const int ScaleBits = 12;

    /// <summary>Unit of <see cref="Cost"/>: 1/256 bit.</summary>
    public const int CostFractionBits = 8;

    private readonly ushort[] _frequencies;
    private readonly ushort[] _starts;
    private readonly byte[] _symbolOfSlot = new byte[1 << ScaleBits];

    /// <param name="frequencies">[1 to 256 symbols] Sum is 2^12. A symbol of frequency 0 cannot be coded.</param>
    public FrequencyTable(ReadOnlySpan<ushort> frequencies)
    {
        _frequencies = frequencies.ToArray();
        _starts = new ushort[frequencies.Length];
        var start = 0;
        for (var symbol = 0; symbol < frequencies.Length; symbol++)
        {
            _starts[symbol] = (ushort)start;
            _symbolOfSlot.AsSpan(start, frequencies[symbol]).Fill((byte)symbol);
            start += frequencies[symbol];
        }

        if (start != _symbolOfSlot.Length)
            throw new ArgumentException($"The frequencies sum to {start}, not to {_symbolOfSlot.Length}.", nameof(frequencies));
    }

    public int SymbolCount => _frequencies.Length;

    public uint FrequencyOf(int symbol) => _frequencies[symbol];

    public uint StartOf(int symbol) => _starts[symbol];

    public int SymbolOf(uint slot) => _symbolOfSlot[slot];

    /// <summary>Length of a symbol of frequency at least 1, in 1/256 bit, by integer arithmetic so that every CPU ranks tables alike.</summary>
    public int Cost(int symbol)
    {
        uint frequency = _frequencies[symbol];
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

        return (ScaleBits << CostFractionBits) - log;
    }
}
