using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Fields of <c>config.json</c> that models of the Llama family have for what this engine does not compute: scaled embeddings and residuals, biases, capped
/// logits, experts. Some runtimes read them whatever the architecture. Each has a value with which it changes nothing, and is an error with any other.
/// </summary>
internal static class NeutralFields
{
    /// <summary>Off by default.</summary>
    private static readonly string[] Flags =
    [
        "attention_bias", "mlp_bias", "qkv_bias", "use_bias", "use_qk_norm", "qk_norm", "qk_layernorm", "rope_interleaved", "scale_embedding",
        "alibi", "use_alibi", "parallel_attn", "parallel_residual", "use_parallel_residual", "use_bidirectional_attention", "attn_temperature_tuning",
    ];

    /// <summary>Change something whatever their value.</summary>
    private static readonly string[] Strangers = ["clip_qkv", "compression_config", "attention_chunk_size"];

    /// <exception cref="UserErrorException">A field has a value that changes the result.</exception>
    public static void Require(JsonField config, ModelConfig sizes)
    {
        foreach (var flag in Flags.Select(config.Field).Where(flag => flag.Flag(whenAbsent: false)))
            throw flag.Error("false", nextStep: UnsupportedFeatures.NextStep);

        foreach (var (name, neutral) in Numbers(sizes))
        {
            var field = config.Field(name);
            if (!field.IsAbsent && !neutral.Any(field.Is))
                throw field.Error(string.Join(" or ", neutral), nextStep: UnsupportedFeatures.NextStep);
        }

        foreach (var field in Strangers.Select(config.Field).Where(field => !field.IsAbsent))
            throw field.Error("null", nextStep: UnsupportedFeatures.NextStep);

        var rotates = config.Field("no_rope_layers"); // 1 for each layer that does
        if (!rotates.IsAbsent && rotates.Items().FirstOrDefault(layer => !layer.Is(1)) is { IsAbsent: false } fixedLayer)
            throw fixedLayer.Error("1", nextStep: UnsupportedFeatures.NextStep);
    }

    private static IEnumerable<(string Name, float[] Neutral)> Numbers(ModelConfig sizes) =>
    [
        ("embedding_multiplier", [1]), ("residual_multiplier", [1]), ("logits_scaling", [1]), ("attention_multiplier", [1 / MathF.Sqrt(sizes.HeadDim)]), // Granite
        ("scale_emb", [1]), ("scale_depth", [MathF.Sqrt(sizes.LayerCount)]), ("dim_model_base", [sizes.HiddenSize]),                              // MiniCPM
        ("attn_logit_softcapping", [0]), ("final_logit_softcapping", [0]), ("query_pre_attn_scalar", [sizes.HeadDim]),                              // Gemma
        ("logit_scale", [1]), ("lm_head_multiplier", [1]), ("key_multiplier", [1]), ("attention_in_multiplier", [1]), ("attention_out_multiplier", [1]),
        ("rotary_pct", [1]), ("rotary_dim", [sizes.HeadDim]), ("no_rope_layer_interval", [0]),
        ("rope_base", [sizes.RopeTheta]), ("rotary_emb_base", [sizes.RopeTheta]), ("rope_local_base_freq", [sizes.RopeTheta]),
        ("num_experts", [0, 1]), ("num_local_experts", [0, 1]), ("n_routed_experts", [0]), ("cla_share_factor", [1]),
        ("pretraining_tp", [0, 1]), // how matrices are cut, and in which order products are added
    ];
}
