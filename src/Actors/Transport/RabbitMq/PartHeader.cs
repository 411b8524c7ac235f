using System.Buffers.Binary;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>What the bytes behind a header are.</summary>
internal enum PartKind : byte
{
    /// <summary>A whole message.</summary>
    Whole = 1,

    /// <summary>One part of a message, of <see cref="PartHeader.Count"/>.</summary>
    Part = 2,

    /// <summary>Nothing: sent to see whether it comes back.</summary>
    Probe = 3,
}

/// <summary>What precedes the bytes of a message on the broker.</summary>
/// <remarks>
/// kind (u8), and for a part also: message id (u32), index (u16), count (u16); little-endian. So most messages have one byte.
/// </remarks>
internal readonly record struct PartHeader(PartKind Kind, uint MessageId, ushort Index, ushort Count)
{
    /// <summary>Most parts of a message.</summary>
    public const ushort CountMax = ushort.MaxValue;

    public const int ByteCountMax = 9;

    public static PartHeader Whole { get; } = new(PartKind.Whole, 0, 0, 1);

    public static PartHeader Probe { get; } = new(PartKind.Probe, 0, 0, 1);

    public int ByteCount => Kind == PartKind.Part ? ByteCountMax : 1;

    /// <returns>False if the bytes begin with no header, or one that contradicts itself.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PartHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
            return false;
        switch ((PartKind)bytes[0])
        {
            case PartKind.Whole:
                header = Whole;
                return true;
            case PartKind.Probe:
                header = Probe;
                return bytes.Length == 1;
            case PartKind.Part when bytes.Length > ByteCountMax:
                header = new PartHeader(
                    PartKind.Part,
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(bytes[5..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(bytes[7..]));
                return header.Count > 1 && header.Index < header.Count;
            default:
                return false;
        }
    }

    /// <param name="bytes">At least <see cref="ByteCount"/>.</param>
    public void Write(Span<byte> bytes)
    {
        bytes[0] = (byte)Kind;
        if (Kind != PartKind.Part)
            return;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[1..], MessageId);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[5..], Index);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[7..], Count);
    }
}
