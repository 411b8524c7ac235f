using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Evaluation;

/// <summary>models/quill/heldout.txt, a book that the embedded model was not trained on, measured by the rule of golden.json.</summary>
internal static class HeldoutText
{
    /// <summary>With begin-of-text before them they fill the context.</summary>
    public const int WindowTokens = 511;

    public static int[] Tokens { get; } = Tokenizer.Load(Repository.Quill)
        .Encode(File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt")), addSpecialTokens: false, parseSpecialTokens: false);

    public static Perplexity Measure(SplitModel model, ReadOnlySpan<int> tokens) =>
        Perplexity.Measure(model, tokens, WindowTokens, Quill.Config.BosTokenId!.Value, Quill.Config.VocabularySize);
}
