using BenchmarkDotNet.Attributes;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>
/// Attention of one layer on one thread: rotation, writing of keys and values, and all heads, for the last tokens of a sequence; one when it decodes,
/// 64 in prefill.
/// </summary>
[MemoryDiagnoser]
public class AttentionBenchmarks : IMeasuredWork, IDisposable
{
    private Workspace? _workspace;
    private KvCache? _cache;

    [Params(1, 64)]
    public int Tokens { get; set; }

    [Params(512, 4096)]
    public int Positions { get; set; }

    [Params(KvFormat.Float16, KvFormat.Int8, KvFormat.Int4)]
    public KvFormat Format { get; set; }

    public long ByteCount => Layout.BytesFor(Positions) + (2L * Tokens * Shape.Config.QueryWidth * sizeof(float));

    /// <summary>A multiplication and an addition for each score and again for each value; a token sees its past and itself.</summary>
    public long OperationCount => 4L * Shape.Config.QueryWidth * ((Tokens * (long)Positions) - (Tokens * (Tokens - 1L) / 2));

    private KvLayout Layout => new(layerCount: 1, Shape.Config.KvHeadCount, Shape.Config.HeadDim, Format);

    [GlobalSetup]
    public void Setup()
    {
        _workspace = new Workspace(Shape.Config, Tokens, ComputeThreads.Single);
        _cache = new KvCache(Layout, Positions);
        for (var position = 0; position < Positions; position += Tokens)
        {
            _cache.Reserve(position, Tokens);
            _workspace.Prepare([new SequenceRows(_cache, position, Tokens)]);
            Shape.Values(_workspace.Query.Length).CopyTo(_workspace.Query);
            Shape.Values(_workspace.Keys.Length).CopyTo(_workspace.Keys);
            Shape.Values(_workspace.Values.Length).CopyTo(_workspace.Values);
            Attend(position);
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _cache?.Dispose();
        _workspace?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void AttendLast() => Attend(Positions - Tokens);

    private void Attend(int position) => AttentionWork.Run(Shape.Config, [new SequenceRows(_cache!, position, Tokens)], layersLeft: 1, _workspace!);
}
