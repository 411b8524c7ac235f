using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Evaluation;

/// <summary>
/// Front and back of a model in one place, without actors: what the product computes, for measuring quality.
/// <paramref name="transport"/> stands for the link and may change the hidden state [n, d] as compression does.
/// </summary>
/// <param name="front">Starts the model.</param>
/// <param name="back">Ends it; the same instance as the front for the whole model.</param>
/// <param name="transport">What happens to the hidden state at the split; null: nothing.</param>
/// <param name="rowCountMax">Most tokens of one window.</param>
/// <param name="kvFormat">How keys and values are stored.</param>
/// <param name="threads">Null for the calling thread alone.</param>
/// <param name="backKvFormat">How the back stores them, if it does so in another way.</param>
public sealed class SplitModel(
    Segment front, Segment back, SplitModel.Transport? transport, int rowCountMax, KvFormat kvFormat = KvFormat.Float16, ComputeThreads? threads = null,
    KvFormat? backKvFormat = null) : IDisposable
{
    private readonly Workspace _workspace = new(front.Config, rowCountMax, threads ?? ComputeThreads.Single);
    private readonly float[] _hidden = new float[rowCountMax * front.Config.HiddenSize];

    /// <param name="hidden">[rows, d], changed in place</param>
    public delegate void Transport(Span<float> hidden, int rows);

    public void Dispose() => _workspace.Dispose();

    /// <summary>Logits of every position of a fresh sequence.</summary>
    /// <param name="tokens">[n]</param>
    /// <param name="logits">[n, V], written</param>
    public void Run(ReadOnlySpan<int> tokens, Span<float> logits) => Logits(Forward(tokens), logits);

    /// <summary>
    /// The hidden states behind the last layer for every position of a fresh sequence: [n, d], valid until the next call.
    /// </summary>
    /// <param name="tokens">[n]</param>
    internal ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens)
    {
        var hidden = _hidden.AsSpan(0, tokens.Length * front.Config.HiddenSize);                                   // [n, d]
        front.Embed(tokens, hidden);
        using var frontCache = front.CreateCache(tokens.Length, kvFormat);
        front.Forward([new SequenceRows(frontCache, 0, tokens.Length)], hidden, _workspace);
        transport?.Invoke(hidden, tokens.Length);
        if (back != front)
        {
            using var backCache = back.CreateCache(tokens.Length, backKvFormat ?? kvFormat);
            back.Forward([new SequenceRows(backCache, 0, tokens.Length)], hidden, _workspace);
        }

        return hidden;
    }

    /// <param name="hidden">[n, d] From <see cref="Forward"/>.</param>
    /// <param name="logits">[n, V], written</param>
    internal void Logits(ReadOnlySpan<float> hidden, Span<float> logits) => back.Logits(hidden, logits, _workspace);
}
