using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Evaluation;

/// <summary>
/// A model as segments of one layer each, so that any range of its layers runs without being loaded twice. Computes what front and back segments
/// compute, bit for bit (see <see cref="Segment"/>). Every run is a fresh sequence.
/// </summary>
internal sealed class LayerChain : IDisposable
{
    /// <summary>Rows whose logits are there at once: a large vocabulary takes half a MiB for each.</summary>
    private const int LogitRowsMax = 64;

    private readonly Segment[] _layers;
    private readonly KvCache[] _caches;
    private readonly Workspace _workspace;
    private readonly float[] _logits;
    private readonly ComputeThreads _threads;

    /// <param name="checkpoint">Stays open as long as the chain is used.</param>
    /// <param name="rowCountMax">Most tokens of a sequence.</param>
    /// <param name="threads">Compute.</param>
    /// <param name="progress">Told of each layer.</param>
    public LayerChain(Checkpoint checkpoint, int rowCountMax, ComputeThreads threads, IProgress<LoadProgress>? progress)
    {
        Config = checkpoint.Config;
        _threads = threads;
        _layers = new Segment[Config.LayerCount];
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = Segment.Load(checkpoint, new LayerRange(layer, layer + 1), threads: threads);
            progress?.Report(new LoadProgress(layer + 1, _layers.Length));
        }

        _caches = [.. _layers.Select(layer => layer.CreateCache(rowCountMax))];
        _workspace = new Workspace(Config, rowCountMax, threads);
        _logits = new float[LogitRowsMax * Config.VocabularySize];
    }

    public ModelConfig Config { get; }

    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var cache in _caches)
            cache.Dispose();
    }

    /// <param name="tokens">[n]</param>
    /// <param name="hidden">[n, d], written</param>
    public void Embed(ReadOnlySpan<int> tokens, Span<float> hidden) => _layers[0].Embed(tokens, hidden);

    /// <param name="layers">Which.</param>
    /// <param name="hidden">[n, d], updated in place</param>
    public void Forward(LayerRange layers, Span<float> hidden)
    {
        for (var layer = layers.First; layer < layers.End; layer++)
        {
            _caches[layer].Truncate(0);
            _layers[layer].Forward([new SequenceRows(_caches[layer], 0, hidden.Length / Config.HiddenSize)], hidden, _workspace);
        }
    }

    /// <summary>Final norm, head, and what they say of the tokens that follow.</summary>
    /// <param name="hidden">[n, d] after the last layer</param>
    /// <param name="targets">[n] The tokens that do follow.</param>
    /// <param name="predictions">Receives n predictions.</param>
    public void Predict(ReadOnlySpan<float> hidden, ReadOnlySpan<int> targets, WindowPredictions predictions)
    {
        for (var row = 0; row < targets.Length; row += LogitRowsMax)
        {
            var count = Math.Min(LogitRowsMax, targets.Length - row);
            var logits = _logits.AsSpan(0, count * Config.VocabularySize);                                         // [count, V]
            _layers[^1].Logits(hidden.Slice(row * Config.HiddenSize, count * Config.HiddenSize), logits, _workspace);
            predictions.Fill(row, logits, targets.Slice(row, count), _threads);
        }
    }
}
