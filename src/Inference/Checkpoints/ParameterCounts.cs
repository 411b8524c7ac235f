namespace SplitActors.Inference.Checkpoints;

/// <summary>Weights of a Llama-like decoder by part, from its sizes alone.</summary>
/// <param name="Embedding">[V, d]</param>
/// <param name="PerLayer">q, k, v, o, gate, up, down and two norms of one layer</param>
/// <param name="Layers">all layers</param>
/// <param name="FinalNorm">[d]</param>
/// <param name="Head">[V, d]; 0 if it is the embedding matrix</param>
public sealed record ParameterCounts(long Embedding, long PerLayer, long Layers, long FinalNorm, long Head)
{
    public long Total => Embedding + Layers + FinalNorm + Head;

    public static ParameterCounts Of(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        var embedding = config.VocabularySize * hidden;
        var attention = 2 * hidden * (config.QueryWidth + config.KvWidth); // q, o and k, v
        var mlp = 3 * hidden * config.IntermediateSize;                    // gate, up, down
        var perLayer = attention + mlp + (2 * hidden);
        return new ParameterCounts(
            embedding, perLayer, config.LayerCount * perLayer, FinalNorm: hidden, Head: config.TieWordEmbeddings ? 0 : embedding);
    }
}
