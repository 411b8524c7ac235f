using SplitActors.Inference.Json;

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

    /// <param name="config">config.json</param>
    /// <param name="generationConfig">generation_config.json, whose end-of-text tokens count too.</param>
    /// <exception cref="UserErrorException">Names the file, the field, what was expected and what was found.</exception>
    public static ModelConfig Read(JsonField config, JsonField? generationConfig)
    {
        UnsupportedFeatures.Refuse(config);

        var vocabularySize = config.Field("vocab_size").Integer(1, VocabularySizeMax);
        var hiddenSize = config.Field("hidden_size").Integer(1, HiddenSizeMax);
        var headCount = config.Field("num_attention_heads").Integer(1, HeadCountMax);
        var kvHeadCount = config.Field("num_key_value_heads").Integer(1, HeadCountMax, whenAbsent: headCount);
        if (headCount % kvHeadCount != 0)
            throw config.Field("num_key_value_heads").Error($"a divisor of num_attention_heads ({headCount})");

        var bosTokenId = config.Field("bos_token_id");
        var eosTokenIds = ReadEosTokenIds(config, vocabularySize);
        if (generationConfig is { } generation)
            eosTokenIds = eosTokenIds.Concat(ReadEosTokenIds(generation, vocabularySize));

        return new ModelConfig
        {
            VocabularySize = vocabularySize,
            HiddenSize = hiddenSize,
            IntermediateSize = config.Field("intermediate_size").Integer(1, WidthMax),
            LayerCount = config.Field("num_hidden_layers").Integer(1, LayerCountMax),
            HeadCount = headCount,
            KvHeadCount = kvHeadCount,
            HeadDim = ReadHeadDim(config, hiddenSize, headCount),
            ContextLength = config.Field("max_position_embeddings").Integer(1, ContextLengthMax),
            RmsNormEps = config.Field("rms_norm_eps").PositiveNumber(whenAbsent: 1e-6f),
            RopeTheta = ReadRopeTheta(config),
            TieWordEmbeddings = config.Field("tie_word_embeddings").Flag(whenAbsent: false),
            BosTokenId = bosTokenId.IsAbsent ? null : bosTokenId.Integer(0, vocabularySize - 1),
            EosTokenIds = [.. eosTokenIds.Distinct().Order()],
            TorchDtype = config.Field("torch_dtype").TextOrNull() ?? config.Field("dtype").TextOrNull(),
        };
    }

    /// <summary>One number, an array of them, or none.</summary>
    private static IEnumerable<int> ReadEosTokenIds(JsonField config, int vocabularySize)
    {
        var ids = config.Field("eos_token_id");
        if (ids.IsAbsent)
            return [];

        return ids.IsArray ? ids.Integers(0, vocabularySize - 1).Select(id => (int)id) : [ids.Integer(0, vocabularySize - 1)];
    }

    private static int ReadHeadDim(JsonField config, int hiddenSize, int headCount)
    {
        var field = config.Field("head_dim");
        if (field.IsAbsent && hiddenSize % headCount != 0)
            throw config.Field("num_attention_heads").Error($"a divisor of hidden_size ({hiddenSize}), as there is no head_dim");

        var headDimMax = Math.Min(HeadDimMax, WidthMax / headCount);
        var headDim = field.Integer(1, headDimMax, whenAbsent: hiddenSize / headCount);
        return headDim % 2 == 0 && headDim <= headDimMax
            ? headDim
            : throw field.Error($"an even number up to {headDimMax}, because rotary embeddings turn pairs", $"{headDim}");
    }

    /// <summary>At the top level, or, since Transformers 5, in <c>rope_parameters</c>.</summary>
    private static float ReadRopeTheta(JsonField config)
    {
        var theta = config.Field("rope_theta").PositiveNumber(whenAbsent: 10_000f);
        if (config.Field("rope_parameters") is not { IsAbsent: false } rope)
            return theta;

        var nested = rope.Field("rope_theta");
        var nestedTheta = nested.PositiveNumber(whenAbsent: theta);
        if (nestedTheta != theta && !config.Field("rope_theta").IsAbsent)
            throw nested.Error($"the same value as the top-level rope_theta ({theta})");
        return nestedTheta;
    }
}
