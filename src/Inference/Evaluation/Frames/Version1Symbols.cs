using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The symbols of all tokens, as version 1 codes them.</summary>
internal static class Version1Symbols
{
    private const byte Packed = 0x80;
    private const int StreamCountLog2Max = 5;

    /// <param name="walk">At the coding byte.</param>
    /// <param name="payloadEnd">Where the symbols end.</param>
    /// <param name="packedBits">What they take packed.</param>
    public static bool TryExplain(ref FrameWalk walk, int payloadEnd, long packedBits)
    {
        walk.SymbolsOffset = walk.Offset;
        var start = walk.Offset;
        if (!walk.TryTake(1, "coding", out var coding))
            return false;
        if (coding[0] == Packed)
            return TryReadPacked(ref walk, start, payloadEnd, packedBits);
        if (coding[0] > StreamCountLog2Max)
            return walk.Fail(start, "coding 80 (packed) or 00 to 05 (rANS)", $"{coding[0]:X2}");
        var streamCount = 1 << coding[0];
        walk.Name(start, "coding", streamCount == 1 ? "rANS, one stream" : $"rANS, {streamCount} streams: column c is in stream c mod {streamCount}");
        return TryReadStreams(ref walk, streamCount, payloadEnd);
    }

    private static bool TryReadPacked(ref FrameWalk walk, int start, int payloadEnd, long packedBits)
    {
        walk.Name(start, "coding", "packed: every symbol at its token's bits, least significant bit first");
        start = walk.Offset;
        var byteCount = (packedBits + 7) / 8;
        if (payloadEnd - start != byteCount)
            return walk.Fail(start, $"{byteCount} bytes of packed symbols", $"{payloadEnd - start} up to the payload's end");
        if (!walk.TryTake((int)byteCount, "symbols", out _))
            return false;
        if (byteCount > 0)
            walk.Name(start, "symbols", $"{packedBits} bits");
        return true;
    }

    private static bool TryReadStreams(ref FrameWalk walk, int streamCount, int payloadEnd)
    {
        var lengths = new int[streamCount];
        for (var stream = 0; stream < streamCount - 1; stream++)
        {
            if (!walk.TryReadVarInt($"stream {stream}, length", 0, FrameLimits.PayloadBytesMax, out lengths[stream], value => $"{value} bytes"))
                return false;
        }

        for (var stream = 0; stream < streamCount; stream++)
        {
            var start = walk.Offset;
            var rest = payloadEnd - start;
            var length = stream == streamCount - 1 ? rest : lengths[stream];
            if (length > rest || rest < 0)
                return walk.Fail(start, $"at most {rest} bytes of stream {stream}, up to the payload's end", $"{length}");
            if (!walk.TryTake(length, $"stream {stream}", out _))
                return false;
            if (length > 0)
                walk.Name(start, $"stream {stream}", $"{length} bytes of rANS");
        }

        return true;
    }
}
