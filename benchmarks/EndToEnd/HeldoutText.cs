using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd;

/// <summary>The embedded model's held-out text, and how well a model predicts it.</summary>
internal sealed class HeldoutText : IDisposable
{
    public const int WindowTokens = 511;

    public HeldoutText()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt"));
        Tokens = Tokenizer.Load(Checkpoint).Encode(text, addSpecialTokens: false, parseSpecialTokens: false);
        Whole = Segment.Load(Checkpoint, AllLayers);
    }

    public int[] Tokens { get; }

    public Checkpoint Checkpoint { get; } = Checkpoint.Open(Repository.Quill);

    public ModelConfig Config => Checkpoint.Config;

    public LayerRange AllLayers => new(0, Config.LayerCount);

    /// <summary>The model as it is stored.</summary>
    public Segment Whole { get; }

    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>Of a whole model.</summary>
    public Perplexity Measure(Segment model, KvFormat kvFormat, ComputeThreads threads)
    {
        using var whole = new SplitModel(model, model, transport: null, WindowTokens, kvFormat, threads);
        return Measure(whole);
    }

    public Perplexity Measure(SplitModel model) =>
        Perplexity.Measure(model, Tokens, WindowTokens, Config.BosTokenId!.Value, Config.VocabularySize);

    /// <summary>In percent.</summary>
    public static double Rise(Perplexity of, Perplexity over) => ((of.Value / over.Value) - 1) * 100;

    public void Dispose() => Checkpoint.Dispose();
}
