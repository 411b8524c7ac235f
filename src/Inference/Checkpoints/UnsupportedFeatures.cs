namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Fields of <c>config.json</c> that change what a Llama-like decoder computes and that this engine does not compute.
/// Ignoring one would give fluent nonsense, so each is an error.
/// </summary>
internal static class UnsupportedFeatures
{
    private const string NextStep = "This feature is not supported; use a checkpoint without it.";

    /// <exception cref="UserErrorException">A feature is asked for that is not supported.</exception>
    public static void Refuse(JsonFields fields)
    {
        RefuseOtherArchitectures(fields);
        RefuseOtherRotaryEmbeddings(fields);

        if (fields.Text("hidden_act") is not (null or "silu"))
            throw fields.Wrong("hidden_act", "\"silu\"", NextStep);

        foreach (var bias in new[] { "attention_bias", "mlp_bias" })
        {
            if (fields.Boolean(bias, whenAbsent: false))
                throw fields.Wrong(bias, "false", NextStep);
        }

        foreach (var feature in new[] { "sliding_window", "quantization_config" })
        {
            if (fields.Has(feature))
                throw fields.Wrong(feature, "null", NextStep);
        }

        if (fields.Integer("pretraining_tp", 0, int.MaxValue, whenAbsent: 1) > 1)
            throw fields.Wrong("pretraining_tp", "1", NextStep);
    }

    private static void RefuseOtherArchitectures(JsonFields fields)
    {
        var architectures = fields.Texts("architectures");
        if (!architectures.Contains(ModelConfig.Architecture, StringComparer.Ordinal))
        {
            var found = string.Join("', '", architectures.Select(CheckpointError.Shown));
            throw CheckpointError.At(
                $"{fields.Place}, architectures", $"'{ModelConfig.Architecture}'", $"unsupported architecture '{found}'",
                $"Supported: {ModelConfig.Architecture}.");
        }

        // Transformers picks the model class by model_type, so one that disagrees means another computation.
        if (fields.Text("model_type") is not (null or "llama"))
            throw fields.Wrong("model_type", "\"llama\"", NextStep);
    }

    /// <summary>Scaled rotary embeddings; <c>rope_scaling</c> is the older name of <c>rope_parameters</c>.</summary>
    private static void RefuseOtherRotaryEmbeddings(JsonFields fields)
    {
        foreach (var name in new[] { "rope_scaling", "rope_parameters" })
        {
            if (fields.Object(name) is not { } rope)
                continue;

            foreach (var type in new[] { "rope_type", "type" })
            {
                if (rope.Text(type) is not (null or "default"))
                    throw rope.Wrong(type, "\"default\"", NextStep);
            }

            if (name == "rope_scaling" && !rope.Has("rope_type") && !rope.Has("type"))
                throw rope.Wrong("rope_type", "\"default\"", NextStep);
            RefusePartialRotation(rope);
        }

        RefusePartialRotation(fields);
    }

    private static void RefusePartialRotation(JsonFields fields)
    {
        if (fields.PositiveNumber("partial_rotary_factor", whenAbsent: 1) != 1)
            throw fields.Wrong("partial_rotary_factor", "1", NextStep);
    }
}
