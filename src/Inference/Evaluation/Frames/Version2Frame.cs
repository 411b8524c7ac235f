using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Frames of format version 2.</summary>
internal static class Version2Frame
{
    private const byte Start = 0xA2;
    private const byte HiddenStates = 1;

    private static readonly string[] CodecNames = ["raw float32", "TAB-Q", "rate–distortion"];

    public static bool TryExplain(ref FrameWalk walk)
    {
        if (!TryReadStart(ref walk, out var codec)
            || !walk.TryReadVarInt("rows", 1, FrameLimits.RowsMax, out var rows, count => count == 1 ? "1 token" : $"{count} tokens")
            || !TryReadWidth(ref walk, out var width))
        {
            return false;
        }

        if ((long)rows * width > FrameLimits.ValuesMax)
            return walk.Fail(walk.Offset, $"at most {FrameLimits.ValuesMax} values", $"{rows} x {width}");
        if (walk.Remaining < ChecksumField.ByteCount)
            return walk.Fail(walk.End, $"a payload and a checksum of {ChecksumField.ByteCount} bytes from byte {walk.Offset} on", $"the end after {walk.Remaining}");
        walk.End -= ChecksumField.ByteCount;
        var isWhole = codec == 0
            ? RawRows.TryExplain(ref walk, rows, width)
            : TryExplainRows(ref walk, codec, rows, width, out var symbolCount) && Version2Symbols.TryExplain(ref walk, symbolCount);
        if (!isWhole)
            return false;
        return walk.Remaining == 0 ? ChecksumField.TryRead(ref walk) : walk.Fail(walk.Offset, "the end of the payload", $"{walk.Remaining} more bytes");
    }

    private static bool TryExplainRows(ref FrameWalk walk, int codec, int rows, int width, out long symbolCount) => codec == 1
        ? Version2Rows.TryExplain(ref walk, rows, width, out symbolCount)
        : RateDistortionRows.TryExplain(ref walk, rows, width, out symbolCount);

    private static bool TryReadWidth(ref FrameWalk walk, out int width)
    {
        var start = walk.Offset;
        width = 0;
        if (!walk.TryTakeVarInt("width", out var code))
            return false;
        if (!WidthCode.TryRead(code, out var read) || read > FrameLimits.WidthMax)
            return walk.Fail(start, $"twice a width of 1 to {FrameLimits.WidthMax}, or for a multiple w of 128 the number w/64 + 1", $"{code}");
        width = (int)read;
        walk.Name(start, "width", $"{width} values per token");
        return true;
    }

    private static bool TryReadStart(ref FrameWalk walk, out int codec)
    {
        codec = 0;
        var start = walk.Offset;
        if (!walk.TryTake(1, "magic and version", out var magic))
            return false;
        if (magic[0] != Start)
            return walk.Fail(start, "A2 (version 2) or 5346 (\"SF\", version 1)", FrameWalk.Hex(magic));
        walk.Name(start, "magic, version", "2");
        start = walk.Offset;
        if (!walk.TryTake(1, "content and codec", out var kind))
            return false;
        codec = kind[0] & 0xF;
        if (kind[0] >> 4 != HiddenStates || codec >= CodecNames.Length)
            return walk.Fail(start, "content 1 and codec 0 to 2", $"content {kind[0] >> 4} and codec {codec}");
        walk.Name(start, "content, codec", $"hidden states, {CodecNames[codec]}");
        return true;
    }
}
