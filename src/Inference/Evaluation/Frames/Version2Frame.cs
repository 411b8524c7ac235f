using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Frames of format version 2.</summary>
internal static class Version2Frame
{
    private const byte Start = 0xA2;
    private const int OneRow = 0x80;
    private const int HiddenStates = 1;
    private const int KeysAndValues = 2;

    private static readonly string[] CodecNames = ["raw float32", "TAB-Q", "rate–distortion"];

    private static readonly string[] KvCodecNames = ["as stored", "TAB-Q"];

    public static bool TryExplain(ref FrameWalk walk)
    {
        if (!TryReadStart(ref walk, out var content, out var codec, out var isOneRow))
            return false;
        var (many, each) = content == HiddenStates ? ("tokens", "per token") : ("positions", "per head");
        var rows = 1;
        if ((!isOneRow && !walk.TryReadVarInt("rows", 2, FrameLimits.RowsMax, out rows, count => $"{count} {many}"))
            || !TryReadWidth(ref walk, content, each, out var width))
        {
            return false;
        }

        if ((long)rows * width > FrameLimits.ValuesMax)
            return walk.Fail(walk.Offset, $"at most {FrameLimits.ValuesMax} values", $"{rows} x {width}");
        if (walk.Remaining < ChecksumField.ByteCount)
            return walk.Fail(walk.End, $"a payload and a checksum of {ChecksumField.ByteCount} bytes from byte {walk.Offset} on", $"the end after {walk.Remaining}");
        walk.End -= ChecksumField.ByteCount;
        if (!(content == HiddenStates ? TryExplainHiddenStates(ref walk, codec, rows, width) : TryExplainKeysAndValues(ref walk, codec, rows, width)))
            return false;
        return walk.Remaining == 0 ? ChecksumField.TryRead(ref walk) : walk.Fail(walk.Offset, "the end of the payload", $"{walk.Remaining} more bytes");
    }

    private static bool TryExplainHiddenStates(ref FrameWalk walk, int codec, int rows, int width) => codec switch
    {
        0 => RawRows.TryExplain(ref walk, rows, width),
        1 => Version2Rows.TryExplain(ref walk, rows, width, row => $"token {row}", out var symbolCount) && Version2Symbols.TryExplain(ref walk, symbolCount),
        _ => RateDistortionRows.TryExplain(ref walk, rows, width, out var symbolCount) && Version2Symbols.TryExplain(ref walk, symbolCount),
    };

    private static bool TryExplainKeysAndValues(ref FrameWalk walk, int codec, int positionCount, int headDim)
    {
        if (!KvShapeFields.TryRead(ref walk, codec, positionCount, headDim, out var shape))
            return false;
        if (codec == 0)
            return KvVectors.TryExplain(ref walk, shape);
        var groups = shape.Matrix;
        return Version2Rows.TryExplain(ref walk, groups.RowCount, groups.Width, row => KvGroups.NameOf(shape, row), out var symbolCount)
            && Version2Symbols.TryExplain(ref walk, symbolCount);
    }

    private static bool TryReadWidth(ref FrameWalk walk, int content, string each, out int width)
    {
        var start = walk.Offset;
        width = 0;
        if (!walk.TryTakeVarInt("width", out var code))
            return false;
        if (!WidthCode.TryRead(code, out var read) || read > FrameLimits.WidthMax)
            return walk.Fail(start, $"twice a width of 1 to {FrameLimits.WidthMax}, or for a multiple w of 128 the number w/64 + 1", $"{code}");
        if (content == KeysAndValues && read % 2 != 0)
            return walk.Fail(start, "heads of an even width", $"{read}");
        width = (int)read;
        walk.Name(start, "width", $"{width} values {each}");
        return true;
    }

    private static bool TryReadStart(ref FrameWalk walk, out int content, out int codec, out bool isOneRow)
    {
        (content, codec, isOneRow) = (0, 0, false);
        var start = walk.Offset;
        if (!walk.TryTake(1, "magic and version", out var magic))
            return false;
        if (magic[0] != Start)
            return walk.Fail(start, "A2 (version 2) or 5346 (\"SF\", version 1)", FrameWalk.Hex(magic));
        walk.Name(start, "magic, version", "2");
        start = walk.Offset;
        if (!walk.TryTake(1, "content and codec", out var kind))
            return false;
        (content, codec, isOneRow) = ((kind[0] & ~OneRow) >> 4, kind[0] & 0xF, (kind[0] & OneRow) != 0);
        if (!(content == HiddenStates && codec < CodecNames.Length) && !(content == KeysAndValues && codec < KvCodecNames.Length))
            return walk.Fail(start, "content 1 and codec 0 to 2, or content 2 and codec 0 or 1", $"content {content} and codec {codec}");
        var of = (content == HiddenStates, isOneRow) switch
        {
            (true, true) => "the hidden state of 1 token",
            (true, false) => "hidden states",
            (false, true) => "keys and values of 1 position",
            _ => "keys and values",
        };
        walk.Name(start, "content, codec", $"{of}, {(content == HiddenStates ? CodecNames : KvCodecNames)[codec]}");
        return true;
    }
}
