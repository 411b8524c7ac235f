using System.Buffers.Binary;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The symbols of all tokens in version 2: the states of the rANS lanes, and the words that they share.</summary>
internal static class Version2Symbols
{
    /// <param name="walk">At the states; the payload ends with the words.</param>
    /// <param name="symbolCount">In the stream.</param>
    public static bool TryExplain(ref FrameWalk walk, long symbolCount)
    {
        walk.SymbolsOffset = walk.Offset;
        if (symbolCount == 0)
            return true;
        var (start, streamBytes) = (walk.Offset, walk.Remaining);
        var laneCount = RansStream.LaneCount(symbolCount);
        var stateBytes = laneCount > 1 ? laneCount * RansStream.StateBytes : Math.Min(streamBytes, RansStream.StateBytes - (streamBytes % RansStream.WordBytes));
        if (!walk.TryTake(stateBytes, laneCount > 1 ? $"states of {laneCount} rANS lanes" : "rANS state", out var states))
            return false;
        if (walk.Remaining % RansStream.WordBytes != 0)
            return walk.Fail(walk.Offset, $"words of {RansStream.WordBytes} bytes up to the payload's end", $"{walk.Remaining} bytes");
        if (stateBytes > 0)
            walk.Name(start, laneCount > 1 ? "states" : "state", laneCount > 1 ? $"of {laneCount} rANS lanes: column c is in lane c mod {laneCount}" : $"of the one rANS lane: {State(states):X}");
        start = walk.Offset;
        var wordCount = walk.Remaining / RansStream.WordBytes;
        if (!walk.TryTake(walk.Remaining, "words", out _) || wordCount == 0)
            return walk.Fault is null;
        walk.Name(start, "words", $"{wordCount} of 16 bits; {symbolCount} symbols take {8.0 * streamBytes / symbolCount:F3} bits each");
        return true;
    }

    private static uint State(ReadOnlySpan<byte> bytes)
    {
        Span<byte> filled = stackalloc byte[RansStream.StateBytes];
        filled.Clear();
        bytes.CopyTo(filled);
        return BinaryPrimitives.ReadUInt32LittleEndian(filled);
    }
}
