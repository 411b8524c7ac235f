using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>Reads <see cref="ModelConfig"/>, and refuses what would compute wrongly if it were ignored.</summary>
internal static class ModelConfigReader
{
    // Bounds far above any model, so that sizes in bytes fit 64 bits: 2^24 · 2^20 and 2^12 · 2^20 · 2^22 weights.
    private const int VocabularySizeMax = 1 << 24;
    private const int HiddenSizeMax = 1 << 20;
    private const int WidthMax = 1 << 22; // MLP and attention
    private const int LayerCountMax = 1 << 12;
    private const int HeadCountMax = 1 << 16;
    private const int HeadDimMax = 1 << 14;
    private const int ContextLengthMax = 1 << 28;

    /// <exception cref="UserErrorException">Names the file, the field, what was expected and what was found.</exception>
    public static ModelConfig Read(string path, ReadOnlySpan<byte> config, string generationPath, byte[]? generationConfig)
    {
        var fields = JsonFields.Parse(path, config);
        UnsupportedFeatures.Refuse(fields);

        var vocabularySize = fields.Integer("vocab_size", 1, VocabularySizeMax);
        var hiddenSize = fields.Integer("hidden_size", 1, HiddenSizeMax);
        var headCount = fields.Integer("num_attention_heads", 1, HeadCountMax);
        var kvHeadCount = fields.Integer("num_key_value_heads", 1, HeadCountMax, whenAbsent: headCount);
        if (headCount % kvHeadCount != 0)
            throw fields.Wrong("num_key_value_heads", $"a divisor of num_attention_heads ({headCount})");

        var eosTokenIds = ReadEosTokenIds(fields, vocabularySize);
        if (generationConfig is not null)
            eosTokenIds = eosTokenIds.Union(ReadEosTokenIds(JsonFields.Parse(generationPath, generationConfig), vocabularySize));

        return new ModelConfig
        {
            VocabularySize = vocabularySize,
            HiddenSize = hiddenSize,
            IntermediateSize = fields.Integer("intermediate_size", 1, WidthMax),
            LayerCount = fields.Integer("num_hidden_layers", 1, LayerCountMax),
            HeadCount = headCount,
            KvHeadCount = kvHeadCount,
            HeadDim = ReadHeadDim(fields, hiddenSize, headCount),
            ContextLength = fields.Integer("max_position_embeddings", 1, ContextLengthMax),
            RmsNormEps = fields.PositiveNumber("rms_norm_eps", whenAbsent: 1e-6f),
            RopeTheta = ReadRopeTheta(fields),
            TieWordEmbeddings = fields.Boolean("tie_word_embeddings", whenAbsent: false),
            BosTokenId = fields.Has("bos_token_id") ? fields.Integer("bos_token_id", 0, vocabularySize - 1) : null,
            EosTokenIds = [.. eosTokenIds],
            TorchDtype = fields.Text("torch_dtype") ?? fields.Text("dtype"),
        };
    }

    private static ImmutableSortedSet<int> ReadEosTokenIds(JsonFields fields, int vocabularySize) =>
        [.. fields.Integers("eos_token_id", 0, vocabularySize - 1).Select(id => (int)id)];

    private static int ReadHeadDim(JsonFields fields, int hiddenSize, int headCount)
    {
        if (!fields.Has("head_dim") && hiddenSize % headCount != 0)
            throw fields.Wrong("num_attention_heads", $"a divisor of hidden_size ({hiddenSize}), as there is no head_dim");

        var headDimMax = Math.Min(HeadDimMax, WidthMax / headCount);
        var headDim = fields.Integer("head_dim", 1, headDimMax, whenAbsent: hiddenSize / headCount);
        if (headDim % 2 != 0 || headDim > headDimMax)
        {
            throw CheckpointError.At(
                $"{fields.Place}, head_dim", $"an even number up to {headDimMax}, because rotary embeddings turn pairs", $"{headDim}",
                "Correct the field, or download the file again.");
        }

        return headDim;
    }

    /// <summary>At the top level, or, since Transformers 5, in <c>rope_parameters</c>.</summary>
    private static float ReadRopeTheta(JsonFields fields)
    {
        var theta = fields.PositiveNumber("rope_theta", whenAbsent: 10_000f);
        if (fields.Object("rope_parameters") is not { } nested || !nested.Has("rope_theta"))
            return theta;

        var nestedTheta = nested.PositiveNumber("rope_theta", theta);
        if (fields.Has("rope_theta") && nestedTheta != theta)
            throw nested.Wrong("rope_theta", $"the same value as the top-level rope_theta ({theta})");
        return nestedTheta;
    }
}
