using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>
/// Keys and values of a part of a 7B model with grouped queries, [4 layers, 8 heads, positions, 128] twice, from a float16 cache to a frame and into another
/// cache. GB/s are of float16.
/// </summary>
[MemoryDiagnoser]
public class KvFrameBenchmarks : IMeasuredWork
{
    private const int LayerCount = 4;
    private const int KvHeadCount = 8;
    private const int HeadDim = 128;

    private readonly KvLayout _layout = new(LayerCount, KvHeadCount, HeadDim, KvFormat.Float16);
    private readonly KvFrameEncoder _encoder = new(KvFrameOptions.Default);
    private KvCache? _cache;
    private KvCache? _copy;
    private byte[] _frame = [];

    [Params(1, 512)]
    public int Positions { get; set; }

    public long ByteCount => 2L * LayerCount * Positions * KvHeadCount * HeadDim * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        (_cache, _copy) = (new KvCache(_layout, Positions), new KvCache(_layout, Positions));
        _cache.Reserve(0, Positions);
        ReadOnlySpan<float> values = HiddenStates.Normal((int)(ByteCount / sizeof(ushort) / HiddenStates.Width));
        for (var layer = 0; layer < LayerCount; layer++)
        {
            for (var head = 0; head < KvHeadCount; head++)
            {
                for (var position = 0; position < Positions; position++)
                {
                    _cache.Write(layer, head, position, values[..HeadDim], values.Slice(HeadDim, HeadDim));
                    values = values[(2 * HeadDim)..];
                }
            }
        }

        _frame = Encode().Bytes.ToArray();
        if (Decode() != DecodeStatus.Ok)
            throw new InvalidOperationException("The frame does not decode.");
    }

    [Benchmark]
    public EncodedFrame Encode() => _encoder.Encode(_cache!, new KvRange(new LayerRange(0, LayerCount), 0, Positions));

    [Benchmark]
    public DecodeStatus Decode()
    {
        _copy!.Truncate(0);
        return KvFrameDecoder.Decode(_frame, _copy);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _cache?.Dispose();
        _copy?.Dispose();
    }
}
