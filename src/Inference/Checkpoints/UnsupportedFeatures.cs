using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Fields of <c>config.json</c> that change what a Llama-like decoder computes and that this engine does not compute.
/// Ignoring one would give fluent nonsense, so each is an error.
/// </summary>
internal static class UnsupportedFeatures
{
    private const string NextStep = "This feature is not supported; use a checkpoint without it.";

    /// <exception cref="UserErrorException">A feature is asked for that is not supported.</exception>
    public static void Refuse(JsonField config)
    {
        RefuseOtherArchitectures(config);
        RefuseOtherRotaryEmbeddings(config);
        RefuseUnlessAbsentOr("silu", config.Field("hidden_act"));

        foreach (var bias in new[] { config.Field("attention_bias"), config.Field("mlp_bias") })
        {
            if (bias.Flag(whenAbsent: false))
                throw bias.Error("false", nextStep: NextStep);
        }

        var slidingWindow = config.Field("sliding_window");
        if (!slidingWindow.IsAbsent)
            throw slidingWindow.Error("null", nextStep: NextStep);

        var tensorParallelism = config.Field("pretraining_tp");
        if (tensorParallelism.Integer(0, int.MaxValue, whenAbsent: 1) > 1)
            throw tensorParallelism.Error("1", nextStep: NextStep);
    }

    private static void RefuseOtherArchitectures(JsonField config)
    {
        var architectures = config.Field("architectures");
        var names = architectures.Texts();
        if (!names.Contains(ModelConfig.Architecture, StringComparer.Ordinal))
        {
            var found = string.Join("', '", names.Select(ShownText.Of));
            throw architectures.Error(
                $"'{ModelConfig.Architecture}'", $"unsupported architecture '{found}'", $"Supported: {ModelConfig.Architecture}.");
        }

        // Transformers picks the model class by model_type, so one that disagrees means another computation.
        RefuseUnlessAbsentOr("llama", config.Field("model_type"));
    }

    /// <summary>Scaled rotary embeddings; <c>rope_scaling</c> is the older name of <c>rope_parameters</c>.</summary>
    private static void RefuseOtherRotaryEmbeddings(JsonField config)
    {
        foreach (var name in new[] { "rope_scaling", "rope_parameters" })
        {
            var rope = config.Field(name);
            if (rope.IsAbsent)
                continue;

            var type = rope.Field("rope_type");
            RefuseUnlessAbsentOr("default", type);
            RefuseUnlessAbsentOr("default", rope.Field("type"));
            if (name == "rope_scaling" && type.IsAbsent && rope.Field("type").IsAbsent)
                throw type.Error("\"default\"", nextStep: NextStep);
            RefusePartialRotation(rope);
        }

        RefusePartialRotation(config);
    }

    private static void RefusePartialRotation(JsonField rope)
    {
        var factor = rope.Field("partial_rotary_factor");
        if (factor.PositiveNumber(whenAbsent: 1) != 1)
            throw factor.Error("1", nextStep: NextStep);
    }

    private static void RefuseUnlessAbsentOr(string supported, JsonField field)
    {
        if (field.TextOrNull() is { } found && found != supported)
            throw field.Error($"\"{supported}\"", nextStep: NextStep);
    }
}
