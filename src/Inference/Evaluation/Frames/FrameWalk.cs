using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Goes through the bytes of a frame, names what it passes, and stops at the first fault.</summary>
internal ref struct FrameWalk(ReadOnlySpan<byte> frame)
{
    private readonly ReadOnlySpan<byte> _frame = frame;
    private readonly List<FrameField> _fields = [];

    public readonly IReadOnlyList<FrameField> Fields => _fields;

    public FrameFault? Fault { get; private set; }

    public int Offset { get; private set; }

    /// <summary>Where the entropy-coded symbols begin; 0 in a frame without.</summary>
    public int SymbolsOffset { get; set; }

    /// <summary>Whether the values, and the checksum, cannot be had without a calibration.</summary>
    public bool NeedsCalibration { get; set; }

    /// <summary>Where the part ends that is being read: the frame, or its payload.</summary>
    public int End { get; set; } = frame.Length;

    public readonly int Remaining => End - Offset;

    public readonly ReadOnlySpan<byte> Passed => _frame[..Offset];

    public readonly ReadOnlySpan<byte> Ahead => _frame[Offset..End];

    /// <summary>Passes bytes; a fault if there are too few.</summary>
    public bool TryTake(int count, string name, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (count > Remaining)
            return Fail(End, $"{count} bytes of {name} from byte {Offset} on", $"the end after {Remaining}");
        bytes = _frame.Slice(Offset, count);
        Offset += count;
        return true;
    }

    /// <summary>Passes a varint; a fault if it is cut off or longer than needed.</summary>
    public bool TryTakeVarInt(string name, out uint value)
    {
        var status = VarInt.TryRead(Ahead, out value, out var count);
        if (status == DecodeStatus.NeedMoreData)
            return Fail(End, $"a varint, the {name}, from byte {Offset} on", $"the end after {Remaining}");
        if (status != DecodeStatus.Ok)
            return Fail(Offset, $"a varint of at most 32 bits in its shortest form, the {name}", Hex(_frame.Slice(Offset, Math.Min(count, Remaining))));
        Offset += count;
        return true;
    }

    /// <summary>Passes a varint within a range, as a field of its own.</summary>
    public bool TryReadVarInt(string name, uint min, uint max, out int value, Func<uint, string>? meaning = null)
    {
        var start = Offset;
        value = 0;
        if (!TryTakeVarInt(name, out var read))
            return false;
        if (read < min || read > max)
            return Fail(start, $"{min} to {max} for {name}", $"{read}");
        value = (int)read;
        Name(start, name, meaning?.Invoke(read) ?? $"{read}");
        return true;
    }

    /// <summary>Names what was passed since <paramref name="start"/>.</summary>
    public readonly void Name(int start, string name, string meaning) => Name(start, Offset - start, name, meaning);

    public readonly void Name(int start, int byteCount, string name, string meaning) => _fields.Add(new FrameField(start, byteCount, name, meaning));

    /// <summary>Always false.</summary>
    public bool Fail(int offset, string expected, string found)
    {
        Fault = new FrameFault(offset, expected, found);
        return false;
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);
}
