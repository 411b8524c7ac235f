using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.Compression.KeyValues;

/// <summary>Frames of keys and values from anyone; <see cref="FrameMutator.InputCount"/> of them, and every flipped bit of a hundred.</summary>
public sealed class KvFrameFuzzTests
{
    private const int FlippedFrameCount = 100;

    /// <summary>What a call may allocate on average: enumerators and the owners of rented buffers, not the buffers.</summary>
    private const int BytesPerCallMax = 256;

    private static readonly KvFormat[] Formats = Enum.GetValues<KvFormat>();

    [Fact]
    public void Decode_RandomAndMutatedBytes_NeverThrowsAndAllocatesLittle()
    {
        const int seed = 20261122;
        var mutator = new FrameMutator(seed, [.. Enumerable.Range(0, 200).Select(Frame)]);
        var caches = Formats.Select(format => Case(0, format).Filled()).ToArray();
        var statuses = new int[Enum.GetValues<DecodeStatus>().Length];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < FrameMutator.InputCount; i++)
            statuses[(int)KvFrameDecoder.Decode(mutator.Next(), caches[i % caches.Length], KvCase.FirstLayer)]++;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (long)BytesPerCallMax * FrameMutator.InputCount);
        Assert.All([DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.BadChecksum, DecodeStatus.WrongDestination, DecodeStatus.TooLarge],
            status => Assert.True(statuses[(int)status] > FrameMutator.InputCount / 1000, $"{status} seen {statuses[(int)status]} times, seed {seed}"));
        foreach (var cache in caches)
            cache.Dispose();
    }

    [Fact]
    public void Decode_AnyFlippedBit_IsRefused()
    {
        for (var i = 0; i < FlippedFrameCount; i++)
        {
            var frame = Frame(i);
            using var cache = Case(i, Formats[i % Formats.Length]).Empty();
            for (var bit = 0; bit < 8 * frame.Length; bit++)
            {
                frame[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.NotEqual(DecodeStatus.Ok, KvFrameDecoder.Decode(frame, cache, KvCase.FirstLayer));
                frame[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(frame, cache, KvCase.FirstLayer));
        }
    }

    private static KvCase Case(int seed, KvFormat format) => new(seed, LayerCount: 2, KvHeadCount: 2, HeadDim: 6, format, TokenCount: 5, (KvGrouping)(seed % 3));

    private static byte[] Frame(int seed)
    {
        var sample = Case(seed, Formats[seed % Formats.Length]);
        using var cache = sample.Filled();
        var options = seed % 8 < 4 ? KvFrameOptions.Lossless : new KvFrameOptions { Grouping = sample.Grouping };
        var range = sample.Range with { FirstPosition = 0, PositionCount = 1 + (seed % 5) };
        return new KvFrameEncoder(options).Encode(cache, range, KvCase.FirstLayer).Bytes.ToArray();
    }
}
