using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Fields of <c>config.json</c> that change what a Llama-like decoder computes and that this engine does not compute.
/// Ignoring one would give fluent nonsense, so each is an error. <see cref="NeutralFields"/> has those whose name and value say all.
/// </summary>
internal static class UnsupportedFeatures
{
    public const string NextStep = "This feature is not supported; use a checkpoint without it.";

    /// <exception cref="UserErrorException">A feature is asked for that is not supported.</exception>
    public static void Refuse(JsonField config)
    {
        RefuseOtherArchitectures(config);
        RefuseOtherRotaryEmbeddings(config);
        foreach (var activation in new[] { config.Field("hidden_act"), config.Field("hidden_activation") })
        {
            if (activation.TextOrNull() is not (null or "silu" or "swish")) // two names of one function
                throw activation.Error("\"silu\"", nextStep: NextStep);
        }

        RefuseWindows(config);
    }

    /// <summary>Layers that do not attend to all positions before.</summary>
    private static void RefuseWindows(JsonField config)
    {
        var window = config.Field("sliding_window");
        if (!window.IsAbsent && config.Field("use_sliding_window").Flag(whenAbsent: true))
            throw window.Error("null, or use_sliding_window false", nextStep: NextStep);

        var layers = config.Field("layer_types");
        if (!layers.IsAbsent && layers.Items().FirstOrDefault(layer => layer.TextOrNull() != "full_attention") is { IsAbsent: false } other)
            throw other.Error("\"full_attention\"", nextStep: NextStep);
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

            // Transformers 5 nests an object for each kind of layer; others hold factors in arrays.
            if (rope.Entries().FirstOrDefault(entry => entry.Value.IsObject || entry.Value.IsArray).Value is { IsAbsent: false } nested)
                throw nested.Error("one set of numbers for all layers and positions", nextStep: NextStep);

            var type = rope.Field("rope_type");
            RefuseScaled(type, rope);
            RefuseScaled(rope.Field("type"), rope);
            if (name == "rope_scaling" && type.IsAbsent && rope.Field("type").IsAbsent)
                throw type.Error("\"default\"", nextStep: NextStep);
            RefusePartialRotation(rope);
        }

        RefusePartialRotation(config);
    }

    /// <summary>Positions divided by 1 are as they are.</summary>
    private static void RefuseScaled(JsonField type, JsonField rope)
    {
        if (type.TextOrNull() != "linear" || !rope.Field("factor").Is(1))
            RefuseUnlessAbsentOr("default", type);
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
