using System.Buffers;
using System.Buffers.Binary;

namespace SplitActors.Inference.Compression;

/// <summary>Writes fields of up to 32 bits without gaps, least significant bit first; the last byte is filled up with zeros.</summary>
internal ref struct BitWriter(IBufferWriter<byte> writer)
{
    private ulong _pending;
    private int _pendingBits;

    public void Write(uint value, int bits)
    {
        _pending |= (ulong)value << _pendingBits;
        _pendingBits += bits;
        if (_pendingBits < 32)
            return;
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), (uint)_pending);
        writer.Advance(sizeof(uint));
        _pending >>= 32;
        _pendingBits -= 32;
    }

    public void Finish()
    {
        for (; _pendingBits > 0; _pendingBits -= 8)
        {
            writer.GetSpan(1)[0] = (byte)_pending;
            writer.Advance(1);
            _pending >>= 8;
        }
    }
}

/// <summary>Reads what <see cref="BitWriter"/> wrote.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private ulong _pending;
    private int _pendingBits;

    /// <summary>Bytes begun so far.</summary>
    public readonly int ByteCount => _position;

    /// <summary>What is left of the last byte that was begun is zero.</summary>
    public readonly bool IsPaddedWithZeros => _pending == 0;

    /// <param name="bits">At most 32.</param>
    /// <param name="value">The field.</param>
    /// <returns>False at the end of the bytes.</returns>
    public bool TryRead(int bits, out uint value)
    {
        value = 0;
        for (; _pendingBits < bits; _pendingBits += 8)
        {
            if (_position == _bytes.Length)
                return false;
            _pending |= (ulong)_bytes[_position++] << _pendingBits;
        }

        value = (uint)(_pending & ((1UL << bits) - 1));
        _pending >>= bits;
        _pendingBits -= bits;
        return true;
    }
}
