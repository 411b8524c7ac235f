using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Models;

/// <summary>Sizes of known models, for measuring speed with made-up weights: time depends on the shape, not on the values.</summary>
public static class ModelShapes
{
    private const float Llama3Theta = 500_000f;
    private const int Llama3Vocabulary = 128_256;

    private static readonly (string Name, ModelConfig Config)[] Shapes =
    [
        // The embedded model, for trials that take no time.
        ("quill", Create(8, hidden: 256, intermediate: 704, heads: 4, kvHeads: 2, headDim: 64, vocabulary: 4096) with { ContextLength = 512, TieWordEmbeddings = true }),
        // The sizes of Qwen2.5-0.5B as a Llama: without its biases of q, k and v.
        ("qwen2.5-0.5b", Create(24, hidden: 896, intermediate: 4864, heads: 14, kvHeads: 2, headDim: 64, vocabulary: 151_936)
            with { RopeTheta = 1_000_000f, TieWordEmbeddings = true }),
        // Llama-3.2-1B's layers with Llama 2's vocabulary, so that the head does not outweigh them.
        ("llama-1b", Create(16, hidden: 2048, intermediate: 8192, heads: 32, kvHeads: 8, headDim: 64, vocabulary: 32_000) with { RopeTheta = Llama3Theta }),
        // Llama-3.2-3B, Llama-2-7B and Llama-3-8B.
        ("llama-3b", Create(28, hidden: 3072, intermediate: 8192, heads: 24, kvHeads: 8, headDim: 128, Llama3Vocabulary)
            with { RopeTheta = Llama3Theta, TieWordEmbeddings = true }),
        ("llama-7b", Create(32, hidden: 4096, intermediate: 11_008, heads: 32, kvHeads: 32, headDim: 128, vocabulary: 32_000)),
        ("llama-8b", Create(32, hidden: 4096, intermediate: 14_336, heads: 32, kvHeads: 8, headDim: 128, Llama3Vocabulary)
            with { RopeTheta = Llama3Theta }),
    ];

    /// <summary>Smallest model first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Shapes.Select(shape => shape.Name)];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="place">The option that gave the name, for the error.</param>
    /// <exception cref="UserErrorException">No shape has this name.</exception>
    public static ModelConfig Parse(string name, string place)
    {
        var found = Array.Find(Shapes, shape => shape.Name == name).Config;
        return found ?? throw new UserErrorException(
            UserErrorKind.Options, place, $"one of {string.Join(", ", Names)}", $"'{name}'", "Choose one of these shapes.");
    }

    private static ModelConfig Create(int layers, int hidden, int intermediate, int heads, int kvHeads, int headDim, int vocabulary) => new()
    {
        LayerCount = layers,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        HeadCount = heads,
        KvHeadCount = kvHeads,
        HeadDim = headDim,
        VocabularySize = vocabulary,
        ContextLength = 4096,
        RmsNormEps = 1e-5f,
    };
}
