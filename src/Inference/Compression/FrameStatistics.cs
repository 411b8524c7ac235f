using System.Runtime.CompilerServices;

namespace SplitActors.Inference.Compression;

/// <summary>Tokens of a frame by the bit-width TAB-Q gave them, sign included. Allocation-free.</summary>
[InlineArray(TabqOptions.BitsHighest + 1)]
public struct BitsHistogram
{
    private int _count0;

    /// <summary>Tokens at <paramref name="bits"/> bits, 2 to 8, or 1 for tokens of a single magnitude, all-zero ones included.</summary>
    public readonly int Count(int bits) => this[bits];
}

/// <summary>What encoding one frame did.</summary>
public readonly record struct FrameStatistics
{
    /// <summary>The whole frame: header, payload and checksum.</summary>
    public int FrameBytes { get; init; }

    public int PayloadBytes { get; init; }

    /// <summary>What the same values take as float16, without a frame: rows · width · 2.</summary>
    public long Float16Bytes { get; init; }

    /// <summary>Values that travel losslessly by threshold splitting.</summary>
    public int OutlierCount { get; init; }

    /// <summary>All zero where the frame is not TAB-Q's.</summary>
    public BitsHistogram TokensByBits { get; init; }
}

/// <summary>A frame, ready to send and to keep, and how it came out.</summary>
public readonly record struct EncodedFrame(ReadOnlyMemory<byte> Bytes, FrameStatistics Statistics);
