namespace SplitActors.Inference.Checkpoints;

/// <summary>A tensor that a configuration implies.</summary>
/// <param name="Name">In the checkpoint.</param>
/// <param name="Layer">The layer whose place it shares: the embedding goes with the first, the final norm and the head with the last.</param>
/// <param name="RowCount">Rows of a matrix, size of a vector.</param>
/// <param name="ColumnCount">0 for a vector</param>
internal readonly record struct ModelTensor(string Name, int Layer, int RowCount, int ColumnCount = 0)
{
    public bool IsMatrix => ColumnCount > 0;

    public int[] Shape => IsMatrix ? [RowCount, ColumnCount] : [RowCount];
}

/// <summary>Names and shapes of a decoder of the Llama family, in the order in which it uses them.</summary>
internal static class ModelTensors
{
    public const string Embedding = "model.embed_tokens.weight";
    public const string FinalNorm = "model.norm.weight";
    public const string Head = "lm_head.weight";

    public static IEnumerable<ModelTensor> Of(ModelConfig config)
    {
        yield return new ModelTensor(Embedding, 0, config.VocabularySize, config.HiddenSize);
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            foreach (var tensor in OfLayer(config, layer))
                yield return tensor;
        }

        yield return new ModelTensor(FinalNorm, config.LayerCount - 1, config.HiddenSize);
        if (!config.TieWordEmbeddings)
            yield return new ModelTensor(Head, config.LayerCount - 1, config.VocabularySize, config.HiddenSize);
    }

    public static ModelTensor[] OfLayer(ModelConfig config, int layer)
    {
        var prefix = $"model.layers.{layer}.";
        var (d, f) = (config.HiddenSize, config.IntermediateSize);
        return
        [
            new(prefix + "input_layernorm.weight", layer, d),
            new(prefix + "self_attn.q_proj.weight", layer, config.QueryWidth, d),
            new(prefix + "self_attn.k_proj.weight", layer, config.KvWidth, d),
            new(prefix + "self_attn.v_proj.weight", layer, config.KvWidth, d),
            new(prefix + "self_attn.o_proj.weight", layer, d, config.QueryWidth),
            new(prefix + "post_attention_layernorm.weight", layer, d),
            new(prefix + "mlp.gate_proj.weight", layer, f, d),
            new(prefix + "mlp.up_proj.weight", layer, f, d),
            new(prefix + "mlp.down_proj.weight", layer, d, f),
        ];
    }
}
