using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Frames of format version 1.</summary>
internal static class Version1Frame
{
    private const byte HiddenStates = 1;

    public static bool TryExplain(ref FrameWalk walk)
    {
        if (!TryReadStart(ref walk, out var codec)
            || !walk.TryReadVarInt("rows", 1, FrameLimits.RowsMax, out var rows, count => count == 1 ? "1 token" : $"{count} tokens")
            || !walk.TryReadVarInt("width", 1, FrameLimits.WidthMax, out var width, count => $"{count} values per token"))
        {
            return false;
        }

        if ((long)rows * width > FrameLimits.ValuesMax)
            return walk.Fail(walk.Offset, $"at most {FrameLimits.ValuesMax} values", $"{rows} x {width}");
        if (!walk.TryReadVarInt("payload bytes", 0, FrameLimits.PayloadBytesMax, out var payloadBytes))
            return false;
        var bytesAhead = payloadBytes + ChecksumField.ByteCount;
        if (walk.Remaining < bytesAhead)
            return walk.Fail(walk.Offset + walk.Remaining, $"{payloadBytes} bytes of payload and {ChecksumField.ByteCount} of checksum from byte {walk.Offset} on", $"the end after {walk.Remaining}");
        if (walk.Remaining > bytesAhead)
            return walk.Fail(walk.Offset + bytesAhead, "the end of the frame, by its payload bytes", $"{walk.Remaining - bytesAhead} more bytes");
        var payloadEnd = walk.Offset + payloadBytes;
        walk.End = payloadEnd;
        var isWhole = codec == 0
            ? RawRows.TryExplain(ref walk, rows, width)
            : Version1Rows.TryExplain(ref walk, rows, width, out var packedBits) && Version1Symbols.TryExplain(ref walk, payloadEnd, packedBits);
        if (!isWhole)
            return false;
        return walk.Offset == payloadEnd ? ChecksumField.TryRead(ref walk) : walk.Fail(walk.Offset, $"the payload's end at byte {payloadEnd}", $"its fields' end at byte {walk.Offset}");
    }

    private static bool TryReadStart(ref FrameWalk walk, out int codec)
    {
        codec = 0;
        var start = walk.Offset;
        if (!walk.TryTake(2, "magic", out var magic))
            return false;
        if (!magic.SequenceEqual("SF"u8))
            return walk.Fail(start, "magic 5346 (\"SF\")", FrameWalk.Hex(magic));
        walk.Name(start, "magic", "\"SF\": a frame");
        start = walk.Offset;
        if (!walk.TryTake(1, "version", out var version))
            return false;
        if (version[0] != 1)
            return walk.Fail(start, "version 1", $"{version[0]}");
        walk.Name(start, "version", "1");
        start = walk.Offset;
        if (!walk.TryTake(1, "content and codec", out var kind))
            return false;
        codec = kind[0] & 0xF;
        if (kind[0] >> 4 != HiddenStates || codec > 1)
            return walk.Fail(start, "content 1 and codec 0 or 1", $"content {kind[0] >> 4} and codec {codec}");
        walk.Name(start, "content, codec", codec == 0 ? "hidden states, raw float32" : "hidden states, TAB-Q");
        return true;
    }
}
