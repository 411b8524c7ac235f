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
    /// <param name="warn">Told of what is wrong and not needed; null for nobody.</param>
    /// <exception cref="UserErrorException">Names the file, the field, what was expected and what was found.</exception>
    public static ModelConfig Read(JsonField config, JsonField? generationConfig, Action<string>? warn = null)
    {
        warn ??= _ => { };
        UnsupportedFeatures.Refuse(config);

        var vocabularySize = config.Field("vocab_size").Integer(1, VocabularySizeMax);
        var hiddenSize = config.Field("hidden_size").Integer(1, HiddenSizeMax);
        var headCount = config.Field("num_attention_heads").Integer(1, HeadCountMax);
        var kvHeadCount = config.Field("num_key_value_heads").Integer(1, HeadCountMax, whenAbsent: headCount);
        if (headCount % kvHeadCount != 0)
            throw config.Field("num_key_value_heads").Error($"a divisor of num_attention_heads ({headCount})");

        var eosTokenIds = ReadEosTokenIds(config, vocabularySize, warn);
        if (generationConfig is { } generation)
            eosTokenIds = eosTokenIds.Concat(ReadEosTokenIds(generation, vocabularySize, warn));

        var sizes = new ModelConfig
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
            BosTokenId = ReadToken(config.Field("bos_token_id"), vocabularySize, "No token begins a text.", warn),
            EosTokenIds = [.. eosTokenIds.Distinct().Order()],
            TorchDtype = ReadLabel(config.Field("torch_dtype")) ?? ReadLabel(config.Field("dtype")),
        };
        NeutralFields.Require(config, sizes);
        return sizes;

        string? ReadLabel(JsonField field) => field.OrElse(label => label.TextOrNull(), null, "Each tensor states its own type.", warn);
    }

    /// <summary>One number, an array of them, or none.</summary>
    private static IEnumerable<int> ReadEosTokenIds(JsonField config, int vocabularySize, Action<string> warn)
    {
        var ids = config.Field("eos_token_id");
        return (ids.IsArray ? ids.Items() : [ids]).Select(id => ReadToken(id, vocabularySize, "It ends no text.", warn)).OfType<int>();
    }

    /// <summary>Null for none. A list of a larger model's tokens, or −1 for none, does no harm: no token has such an id.</summary>
    private static int? ReadToken(JsonField field, int vocabularySize, string consequence, Action<string> warn) =>
        field.OrElse(id => id.IsAbsent ? (int?)null : id.Integer(0, vocabularySize - 1), null, consequence, warn);

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

    /// <summary>At the top level, or, since Transformers 5, in <c>rope_parameters</c>, which also reads it from the older name of that object.</summary>
    private static float ReadRopeTheta(JsonField config)
    {
        JsonField[] stated =
        [
            .. new[] { config, config.Field("rope_parameters"), config.Field("rope_scaling") }
                .Where(place => !place.IsAbsent).Select(place => place.Field("rope_theta")).Where(field => !field.IsAbsent),
        ];
        if (stated.Length == 0)
            return 10_000f;
        var theta = stated[0].PositiveNumber(whenAbsent: 0);
        return Array.Find(stated, other => other.PositiveNumber(whenAbsent: 0) != theta) is { IsAbsent: false } contradiction
            ? throw contradiction.Error($"the value of {stated[0].Place} ({theta})")
            : theta;
    }
}
