using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Tests.Threading;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

public sealed class SegmentAllocationTests
{
    private const int SplitLayer = 4;
    private const int WarmUpTokens = 70;
    private const int MeasuredTokens = 50; // the cache takes three more pages

    [Theory]
    [InlineData(16, KvFormat.Float16, 1, false)]
    [InlineData(16, KvFormat.Float16, 1, true)]
    [InlineData(16, KvFormat.Float32, 2, false)]
    [InlineData(8, KvFormat.Float16, 1, false)]
    [InlineData(8, KvFormat.Int8, 2, true)]
    [InlineData(4, KvFormat.Int8, 1, false)]
    [InlineData(4, KvFormat.Int4, 2, false)]
    [InlineData(4, KvFormat.Float16, 3, false)]
    public void Decode_InSteadyState_AllocatesNothing(int weightBits, KvFormat kvFormat, int threadCount, bool samples)
    {
        var options = samples ? new SamplingOptions { Temperature = 1, TopP = 0.9f, MinP = 0.01f, Seed = 3 } : SamplingOptions.Greedy;
        using var threads = new ComputeThreads(threadCount);
        using var loop = new DecodeLoop(new WeightFormat(weightBits), kvFormat, threads, options);
        var allocations = new ThreadAllocations(threads);
        allocations.TotalBytes();
        loop.Generate(WarmUpTokens);

        Assert.Equal(0, Allocations.LeastBytes(allocations.TotalBytes, () => loop.Generate(MeasuredTokens)));
        Assert.InRange(loop.TokenCount, WarmUpTokens + MeasuredTokens, int.MaxValue);
    }

    /// <summary>A worker's step: several sequences of different splits, one of them with a chunk of its prompt.</summary>
    [Theory]
    [InlineData(8, 1)]
    [InlineData(4, 2)]
    public void Forward_BatchInSteadyState_AllocatesNothing(int weightBits, int threadCount)
    {
        const int ChunkTokens = 12, StepCount = 10;
        using var threads = new ComputeThreads(threadCount);
        var back = Quill.Back(SplitLayer, new WeightFormat(weightBits));
        using var pools = new KvPagePools(back.KvLayout(KvFormat.Int8), 1 << 24);
        var layerCount = back.Layers.Count;
        using KvCache prompt = pools.OpenCache(layerCount, 512), decoding = pools.OpenCache(layerCount, 512), shallow = pools.OpenCache(layerCount - 2, 512);
        using var workspace = new Workspace(Quill.Config, ChunkTokens + 2, threads);
        var batch = new SequenceRows[3];
        var hidden = new float[(ChunkTokens + 2) * Quill.Config.HiddenSize];
        var allocations = new ThreadAllocations(threads);
        allocations.TotalBytes();
        Step(StepCount);

        Assert.Equal(0, Allocations.LeastBytes(allocations.TotalBytes, () => Step(StepCount)));

        void Step(int count)
        {
            for (var i = 0; i < count; i++)
            {
                batch[0] = new SequenceRows(decoding, decoding.TokenCount, 1);
                batch[1] = new SequenceRows(prompt, prompt.TokenCount, ChunkTokens);
                batch[2] = new SequenceRows(shallow, shallow.TokenCount, 1);
                back.Forward(batch, hidden, workspace);
            }
        }
    }

    /// <summary>Decodes through a front and a back.</summary>
    private sealed class DecodeLoop : IDisposable
    {
        private readonly Segment _front;
        private readonly Segment _back;
        private readonly KvCache _frontCache;
        private readonly KvCache _backCache;
        private readonly Workspace _workspace;
        private readonly Sampler _sampler = new();
        private readonly SamplingOptions _options;
        private readonly float[] _hidden = new float[Quill.Config.HiddenSize];
        private readonly float[] _logits = new float[Quill.Config.VocabularySize];
        private int _token = 4094;

        public DecodeLoop(WeightFormat format, KvFormat kvFormat, ComputeThreads threads, SamplingOptions options)
        {
            (_front, _back) = (Quill.Front(SplitLayer, format), Quill.Back(SplitLayer, format));
            (_frontCache, _backCache) = (_front.CreateCache(256, kvFormat), _back.CreateCache(256, kvFormat));
            _workspace = new Workspace(Quill.Config, 1, threads);
            _options = options;
        }

        public int TokenCount => _frontCache.TokenCount;

        public void Generate(int tokenCount)
        {
            for (var i = 0; i < tokenCount; i++)
            {
                var position = _frontCache.TokenCount;
                _front.Embed([_token], _hidden);
                _front.Forward([new SequenceRows(_frontCache, position, 1)], _hidden, _workspace);
                _back.Forward([new SequenceRows(_backCache, position, 1)], _hidden, _workspace);
                _back.Logits(_hidden, _logits, _workspace);
                _token = _sampler.Sample(_logits, _options, [], position + 1);
            }
        }

        public void Dispose()
        {
            _workspace.Dispose();
            _frontCache.Dispose();
            _backCache.Dispose();
        }
    }
}
