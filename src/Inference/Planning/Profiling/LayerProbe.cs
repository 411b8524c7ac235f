using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>A few layers of a model in one weight format, a part of its head and of its embedding: what passes through them take at short contexts.</summary>
internal sealed class LayerProbe : IDisposable
{
    private const int BatchRows = 4;                 // sequences that are decoded together
    private const int EmbeddingRows = 64;
    private const double PrefillWorkMax = 2e9;       // multiplications of the longest pass
    private const int PrefillRowsMax = 64;
    private const int PrefillRowsRatio = 4;          // of the two chunks that are measured
    private const int TokenStride = 7919;            // a prime

    private readonly ModelConfig _config;
    private readonly Segment _layers;                // as many as stream through the ring, with embedding and head
    private readonly Segment _layer;                 // one of them
    private readonly Workspace _workspace;
    private readonly ComputeThreads _threads;
    private readonly PassTimer _timer;
    private readonly int _prefillRows;
    private readonly float[] _hidden;                // [rows, d]
    private readonly float[] _logits;                // [BatchRows, V]
    private readonly Sampler _sampler = new();

    private LayerProbe(ModelConfig config, Segment layers, Segment layer, ComputeThreads threads, PassTimer timer)
    {
        (_config, _layers, _layer, _threads, _timer) = (config, layers, layer, threads, timer);
        _prefillRows = (int)Math.Clamp(PrefillWorkMax / ParameterCounts.Of(config).PerLayer, PrefillRowsRatio, Math.Min(PrefillRowsMax, config.ContextLength));
        var rows = Math.Max(EmbeddingRows, _prefillRows);
        _workspace = new Workspace(layers.Config, rows, threads);
        _hidden = new float[rows * config.HiddenSize];
        _logits = new float[BatchRows * layers.Config.VocabularySize];
    }

    /// <param name="config">The whole model.</param>
    /// <param name="weights">Format of all matrices.</param>
    /// <param name="memory">That holds the weights.</param>
    /// <param name="threads">Compute.</param>
    /// <param name="timer">Takes the times.</param>
    public static LayerProbe Open(ModelConfig config, WeightFormat weights, ProbeMemory memory, ComputeThreads threads, PassTimer timer)
    {
        var part = ProbeWeights.PartOf(config, weights);
        var three = part with { LayerCount = 3 };
        var layerBytes = Planning.Memory.WeightMemory.Of(three, new LayerRange(1, 2), weights, StoredSizes.At(three, memory.StoredWeightBytes)).MatrixBytes;
        var layerCount = (int)Math.Clamp((memory.RingBytesMin / Math.Max(1, layerBytes)) + 1, 1, config.LayerCount);
        var few = part with { LayerCount = layerCount };
        return new LayerProbe(
            config,
            Segment.Of(few, new LayerRange(0, layerCount), ProbeWeights.Of(memory, config, weights)),
            Segment.Of(three, new LayerRange(1, 2), ProbeWeights.Of(memory, config, weights)),
            threads,
            timer);
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>Puts the weights, and nothing else, into the caches, as a pass does.</summary>
    public void Stream() => _layers.ReadWeights(_threads);

    /// <summary>Costs of passes without positions, and the positions that the samples had.</summary>
    public (ComputeSample[] Prefill, ComputeSample[] Decode, LinearCost Head, LinearCost Embedding, WakeCost Wake) Measure()
    {
        ComputeSample[] decode = [Decode(1), Decode(BatchRows)];
        ComputeSample[] prefill = [Prefill(Math.Max(1, _prefillRows / PrefillRowsRatio)), Prefill(_prefillRows)];
        var share = (double)_config.VocabularySize / _layers.Config.VocabularySize;
        var head = LinearFit.Of([Head(1, share), Head(BatchRows, share)]).Cost;
        var tokens = new int[EmbeddingRows];
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = (int)((long)i * TokenStride % _layers.Config.VocabularySize);
        var embedding = _timer.Seconds(() => _layers.Embed(tokens, Hidden(EmbeddingRows)), Stream) / EmbeddingRows;
        return (prefill, decode, head, new LinearCost(PassSeconds: 0, embedding, PositionSeconds: 0), Wake());
    }

    private ComputeSample Decode(int batchSize)
    {
        var caches = Enumerable.Range(0, batchSize).Select(_ => _layers.CreateCache(1)).ToArray();
        var batch = caches.Select(cache => new SequenceRows(cache, 0, 1)).ToArray();
        var seconds = _timer.Seconds(() => _layers.Forward(batch, MadeUp(batchSize), _workspace)) / _layers.Layers.Count;
        foreach (var cache in caches)
            cache.Dispose();
        return ComputeSample.Decode(batchSize, contextLength: 1, seconds);
    }

    /// <summary>A line through one layer and all of them; each after a pause, against the same pass without.</summary>
    private WakeCost Wake()
    {
        var (one, all, layerCount) = (Added(_layer), Added(_layers), _layers.Layers.Count);
        var perLayer = layerCount > 1 ? Math.Clamp((all - one) / (layerCount - 1), 0, all / layerCount) : 0;
        return new WakeCost(all - (layerCount * perLayer), perLayer);

        double Added(Segment segment)
        {
            using var cache = segment.CreateCache(1);
            return Math.Max(0, _timer.SecondsAfterPause(Pass) - _timer.Seconds(Pass));

            void Pass() => segment.Forward([new SequenceRows(cache, 0, 1)], MadeUp(1), _workspace);
        }
    }

    private ComputeSample Prefill(int rows)
    {
        using var cache = _layer.CreateCache(rows);
        var seconds = _timer.Seconds(() => _layer.Forward([new SequenceRows(cache, 0, rows)], MadeUp(rows), _workspace));
        return ComputeSample.Prefill(position: 0, rows, seconds);
    }

    /// <summary>Without positions, and of the whole vocabulary.</summary>
    private ComputeSample Head(int rows, double share)
    {
        var width = _layers.Config.VocabularySize;
        var seconds = _timer.Seconds(
            () =>
            {
                _layers.Logits(Hidden(rows), _logits.AsSpan(0, rows * width), _workspace);
                for (var row = 0; row < rows; row++)
                    _sampler.Sample(_logits.AsSpan(row * width, width), SamplingOptions.Greedy, [], row);
            },
            Stream);
        return new ComputeSample(rows, PositionCount: 0, seconds * share);
    }

    private Span<float> Hidden(int rows) => _hidden.AsSpan(0, rows * _config.HiddenSize);

    /// <summary>Values from −1 to 1.</summary>
    private Span<float> MadeUp(int rows)
    {
        var hidden = Hidden(rows);
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = ((int)((long)i * TokenStride % 2001) - 1000) / 1000f;
        return hidden;
    }
}
