namespace SplitActors.Inference.Compression;

/// <summary>
/// Range asymmetric numeral system (rANS, Duda 2013) with a 32-bit state, renormalised by bytes.
/// Symbols go in last first, bytes are written from the end of the buffer towards its start; the decoder runs forward over both.
/// The state starts at 0 instead of the usual 2^23: until the message has filled the state nothing is emitted, and the decoder, which finds its
/// input at an end then, reads nothing. So a stream costs its entropy and at most two bytes, and the state it ends in checks it.
/// </summary>
internal ref struct RansEncoder(Span<byte> buffer)
{
    /// <summary>Lower bound of a filled state, 2^23; the upper bound is 2^31.</summary>
    public const uint StateMin = 1u << 23;

    /// <summary>Bytes that a stream may take beyond <see cref="SymbolBytesMax"/> per symbol.</summary>
    public const int FlushBytesMax = sizeof(uint);

    /// <summary>Most bytes that one symbol emits: 12 bits can cross two byte borders.</summary>
    public const int SymbolBytesMax = 2;

    /// <summary>log2 of (StateMin / 2^ScaleBits · 256): a state below this times the frequency has room for the symbol.</summary>
    private const int LimitBits = 23 - FrequencyTable.ScaleBits + 8;

    private readonly Span<byte> _buffer = buffer;
    private uint _state;

    /// <summary>Where the bytes written so far begin.</summary>
    public int Start { get; private set; } = buffer.Length;

    public void Put(FrequencyTable table, int symbol)
    {
        var frequency = table.FrequencyOf(symbol);
        while (_state >= frequency << LimitBits)
            Emit();
        var (quotient, remainder) = Math.DivRem(_state, frequency);
        _state = (quotient << FrequencyTable.ScaleBits) + remainder + table.StartOf(symbol);
    }

    /// <summary>Writes the state, most significant byte first, without leading zeros. The stream is then the buffer from <see cref="Start"/>.</summary>
    public void Finish()
    {
        while (_state > 0)
            Emit();
    }

    private void Emit()
    {
        _buffer[--Start] = (byte)_state;
        _state >>= 8;
    }
}
