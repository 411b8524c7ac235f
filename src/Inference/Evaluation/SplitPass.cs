using SplitActors.Inference.Models;

namespace SplitActors.Inference.Evaluation;

/// <summary>
/// One pass through a model that shows the hidden state at several splits on its way, so that the layers before a split run once for all of
/// them.
/// </summary>
internal sealed class SplitPass
{
    private readonly LayerChain _model;
    private readonly int[] _splitLayers;
    private readonly float[] _embeddings; // [n, d]
    private readonly float[] _hidden;     // [n, d]

    /// <param name="model">Used by nobody else during a pass, but for what <see cref="Visitor"/>s do.</param>
    /// <param name="splitLayers">Ascending, 1 to L − 1.</param>
    /// <param name="windowTokens">Most tokens of a window.</param>
    public SplitPass(LayerChain model, IEnumerable<int> splitLayers, int windowTokens)
    {
        (_model, _splitLayers) = (model, [.. splitLayers]);
        (_embeddings, _hidden) = (new float[windowTokens * model.Config.HiddenSize], new float[windowTokens * model.Config.HiddenSize]);
    }

    /// <summary>Sees the state at a split; it may run the layers behind.</summary>
    /// <param name="split">Index of the split.</param>
    /// <param name="hidden">[n, d]</param>
    /// <param name="embeddings">[n, d] Of the tokens.</param>
    public delegate void Visitor(int split, ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings);

    /// <summary>Runs a window up to the last split.</summary>
    /// <param name="input">[n]</param>
    /// <param name="visit">Called at each split.</param>
    public void Run(ReadOnlySpan<int> input, Visitor visit)
    {
        var embeddings = _embeddings.AsSpan(0, input.Length * _model.Config.HiddenSize);
        var hidden = _hidden.AsSpan(0, embeddings.Length);
        _model.Embed(input, embeddings);
        embeddings.CopyTo(hidden);
        var layer = 0;
        for (var split = 0; split < _splitLayers.Length; layer = _splitLayers[split++])
        {
            _model.Forward(new LayerRange(layer, _splitLayers[split]), hidden);
            visit(split, hidden, embeddings);
        }
    }

    /// <summary>Runs the rest of the last window as it is.</summary>
    /// <param name="targets">[n] The tokens that do follow.</param>
    /// <param name="predictions">Receives n predictions.</param>
    public void Finish(ReadOnlySpan<int> targets, WindowPredictions predictions)
    {
        var hidden = _hidden.AsSpan(0, targets.Length * _model.Config.HiddenSize);
        _model.Forward(new LayerRange(_splitLayers[^1], _model.Config.LayerCount), hidden);
        _model.Predict(hidden, targets, predictions);
    }
}
