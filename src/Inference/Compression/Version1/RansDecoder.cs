using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression.Version1;

/// <summary>
/// Range asymmetric numeral system with a 32-bit state that starts at 0 and is renormalised by bytes; reads any bytes without failing, and
/// <see cref="IsFinished"/> tells whether they were a stream.
/// </summary>
internal struct RansDecoder
{
    /// <summary>Lower bound of a filled state.</summary>
    private const uint StateMin = 1u << 23;

    private readonly int _end;
    private int _position;
    private uint _state;

    /// <summary>Starts on <c>bytes[start..end]</c>; the caller passes the same bytes to <see cref="Get"/>.</summary>
    public RansDecoder(ReadOnlySpan<byte> bytes, int start, int end)
    {
        (_position, _end) = (start, end);
        Fill(bytes);
    }

    /// <summary>All bytes were read and the state is back where the encoder began.</summary>
    public readonly bool IsFinished => _state == 0 && _position == _end;

    /// <param name="bytes">As given to the constructor.</param>
    /// <param name="slots">[2^12] Of the symbol's table.</param>
    public byte Get(ReadOnlySpan<byte> bytes, ReadOnlySpan<uint> slots)
    {
        var entry = slots[(int)(_state & (RansStream.Scale - 1))];
        _state = RansTables.Previous(_state, entry);
        Fill(bytes);
        return RansTables.SymbolOf(entry);
    }

    private void Fill(ReadOnlySpan<byte> bytes)
    {
        while (_state < StateMin && _position < _end)
            _state = (_state << 8) | bytes[_position++];
    }
}
