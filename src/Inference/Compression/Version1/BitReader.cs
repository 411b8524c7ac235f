namespace SplitActors.Inference.Compression.Version1;

/// <summary>Fixed-width symbols of at most 8 bits, least significant bit first, without gaps; the last byte is filled up with zeros.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private long _position;

    /// <summary>Nothing but zeros follows.</summary>
    public readonly bool IsFinished => (_position & 7) == 0 || _bytes[(int)(_position >> 3)] >> (int)(_position & 7) == 0;

    /// <summary>The caller has checked that the bytes hold all symbols.</summary>
    public int Read(int bits)
    {
        var index = (int)(_position >> 3);
        int window = _bytes[index];
        if (index + 1 < _bytes.Length)
            window |= _bytes[index + 1] << 8;
        window >>= (int)(_position & 7);
        _position += bits;
        return window & ((1 << bits) - 1);
    }
}
