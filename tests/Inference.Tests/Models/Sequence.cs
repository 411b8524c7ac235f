using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>One sequence through a front and a back, or through one segment that is both.</summary>
internal sealed class Sequence(
    Segment front, Segment back, int rowCountMax = 64, KvFormat kvFormat = KvFormat.Float16, ComputeThreads? threads = null) : IDisposable
{
    private readonly KvCache _frontCache = front.CreateCache(int.MaxValue, kvFormat);
    private readonly KvCache _backCache = back.CreateCache(int.MaxValue, kvFormat);
    private readonly Workspace _workspace = new(front.Config, rowCountMax, threads ?? ComputeThreads.Single);

    public Sequence(Segment whole, int rowCountMax = 64)
        : this(whole, whole, rowCountMax)
    {
    }

    public void Dispose()
    {
        _workspace.Dispose();
        _frontCache.Dispose();
        _backCache.Dispose();
    }

    /// <summary>Hidden states [n, d] after the front.</summary>
    public float[] Hidden(int[] tokens)
    {
        var hidden = new float[tokens.Length * front.Config.HiddenSize];
        front.Embed(tokens, hidden);
        front.Forward([new SequenceRows(_frontCache, _frontCache.TokenCount, tokens.Length)], hidden, _workspace);
        return hidden;
    }

    /// <summary>Logits [V] of the last token.</summary>
    public float[] Feed(params int[] tokens)
    {
        var hidden = Hidden(tokens);
        if (back != front)
            back.Forward([new SequenceRows(_backCache, _backCache.TokenCount, tokens.Length)], hidden, _workspace);
        var logits = new float[front.Config.VocabularySize];
        back.Logits(hidden.AsSpan()[^front.Config.HiddenSize..], logits, _workspace);
        return logits;
    }

    public List<int> Generate(int[] prompt, int count)
    {
        var sampler = new Sampler();
        var generated = new List<int>();
        var logits = Feed(prompt);
        for (; ; logits = Feed(generated[^1]))
        {
            generated.Add(sampler.Sample(logits, SamplingOptions.Greedy, [], prompt.Length + generated.Count));
            if (generated.Count == count)
                return generated;
        }
    }
}
