namespace SplitActors.Inference.Compression;

/// <summary>Reads what <see cref="RansEncoder"/> wrote, from any bytes without failing; <see cref="IsFinished"/> tells whether they were a stream.</summary>
internal struct RansDecoder
{
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

    public int Get(ReadOnlySpan<byte> bytes, FrequencyTable table)
    {
        var slot = _state & ((1u << FrequencyTable.ScaleBits) - 1);
        var symbol = table.SymbolOf(slot);
        _state = (table.FrequencyOf(symbol) * (_state >> FrequencyTable.ScaleBits)) + slot - table.StartOf(symbol);
        Fill(bytes);
        return symbol;
    }

    private void Fill(ReadOnlySpan<byte> bytes)
    {
        while (_state < RansEncoder.StateMin && _position < _end)
            _state = (_state << 8) | bytes[_position++];
    }
}
