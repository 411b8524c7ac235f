using System.Buffers.Binary;

namespace SplitActors.Inference.Compression;

/// <summary>A cursor over a payload whose length is already known: running out of bytes is malformed, not a wait for more.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    public ReadOnlySpan<byte> Remaining { get; private set; } = bytes;

    public bool TryReadBytes(long count, out ReadOnlySpan<byte> value)
    {
        if (count > Remaining.Length)
        {
            value = default;
            return false;
        }

        value = Remaining[..(int)count];
        Remaining = Remaining[(int)count..];
        return true;
    }

    public bool TryReadByte(out byte value)
    {
        var read = TryReadBytes(1, out var bytes);
        value = read ? bytes[0] : default;
        return read;
    }

    public bool TryReadUInt16(out ushort value)
    {
        var read = TryReadBytes(sizeof(ushort), out var bytes);
        value = read ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : default;
        return read;
    }

    public bool TryReadSingle(out float value)
    {
        var read = TryReadBytes(sizeof(float), out var bytes);
        value = read ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : default;
        return read;
    }

    public bool TryReadVarInt(out uint value)
    {
        var read = VarInt.TryRead(Remaining, out value, out var count) == DecodeStatus.Ok;
        if (read)
            Remaining = Remaining[count..];
        return read;
    }
}
