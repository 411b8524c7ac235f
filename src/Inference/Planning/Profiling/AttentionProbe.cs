using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>
/// What each position that a row attends to adds to a layer, in one format of keys and values. The layers have a model's heads and next to nothing else, so
/// that attention is what takes their time.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="threads">Compute.</param>
/// <param name="timer">Takes the times.</param>
/// <param name="stream">Done before each pass: what a model's other weights do to the caches.</param>
internal sealed class AttentionProbe(ModelConfig config, ComputeThreads threads, PassTimer timer, Action stream)
{
    private const int Narrow = 32;               // hidden and intermediate size
    private const int PositionsMax = 768;
    private const int PrefillRows = 16;
    private const long ValueCountMax = 4 << 20;  // keys and values that are written

    /// <summary>Seconds per layer, row and position of a chunk of a prompt and of a decoded token.</summary>
    public (double Prefill, double Decode) Measure(KvFormat format)
    {
        var positions = Math.Min(PositionsMax, config.ContextLength - PrefillRows);
        if (positions < 1)
            return (0, 0);
        var layerCount = (int)Math.Clamp(ValueCountMax / (2L * positions * config.KvWidth), 1, config.LayerCount);
        var narrow = config with { LayerCount = layerCount, HiddenSize = Narrow, IntermediateSize = Narrow, VocabularySize = Narrow, TieWordEmbeddings = true };
        var segment = Segment.Synthesize(narrow, new LayerRange(0, layerCount), WeightFormat.Unquantized);
        using var workspace = new Workspace(narrow, PrefillRows, threads);
        using var cache = segment.CreateCache(positions + PrefillRows, format);
        Fill(cache, positions);
        return (Slope(PrefillRows), Slope(1));

        double Slope(int rows)
        {
            var far = timer.Seconds(() => Pass(cache, positions, rows), stream);
            using var empty = segment.CreateCache(PrefillRows, format);
            var near = timer.Seconds(() => Pass(empty, 0, rows), stream);
            return Math.Max(0, far - near) / layerCount / rows / positions;
        }

        void Pass(KvCache sequence, int position, int rows)
        {
            var hidden = new float[rows * Narrow];
            hidden.AsSpan().Fill(1f);
            segment.Forward([new SequenceRows(sequence, position, rows)], hidden, workspace);
        }
    }

    private void Fill(KvCache cache, int positions)
    {
        var (key, value) = (new float[config.HeadDim], new float[config.HeadDim]);
        for (var i = 0; i < key.Length; i++)
            (key[i], value[i]) = ((i % 7) - 3, (i % 5) - 2);
        cache.Reserve(0, positions);
        for (var layer = 0; layer < cache.Layout.LayerCount; layer++)
        {
            for (var head = 0; head < config.KvHeadCount; head++)
            {
                for (var position = 0; position < positions; position++)
                    cache.Write(layer, head, position, key, value);
            }
        }
    }
}
