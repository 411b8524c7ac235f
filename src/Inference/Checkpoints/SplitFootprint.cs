using SplitActors.Inference.Models;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// What each side of a split holds. For 0 &lt; ℓ &lt; L the front is the embedding and layers 1..ℓ, the back is layers ℓ+1..L, the
/// final norm and the head; a head that is the embedding matrix then counts on both sides, as each needs its copy. At ℓ = 0 the
/// back holds the whole model and at ℓ = L the front does, with a tied matrix counted once.
/// </summary>
/// <param name="SplitLayer">ℓ</param>
/// <param name="Front">weights on the device</param>
/// <param name="Back">weights on the worker</param>
/// <param name="FrontKvBytesPerToken">keys and values of the front's layers at 16 bits</param>
/// <param name="BackKvBytesPerToken">keys and values of the back's layers at 16 bits</param>
public readonly record struct SplitFootprint(
    int SplitLayer, WeightBytes Front, WeightBytes Back, long FrontKvBytesPerToken, long BackKvBytesPerToken)
{
    /// <exception cref="ArgumentOutOfRangeException">ℓ is not in 0..L.</exception>
    public static SplitFootprint Of(ModelConfig config, StoredSizes stored, int splitLayer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(splitLayer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(splitLayer, config.LayerCount);

        var embedding = WeightBytes.OfMatrix(config.VocabularySize, config.HiddenSize, stored.Embedding.Total);
        var norm = WeightBytes.OfVector(config.HiddenSize, stored.FinalNorm.Total);
        var normAndHead = norm + (embedding with { At16Bits = stored.Head.Total });
        var (frontLayers, backLayersBytes) = (LayerBytes(LayerRange.Front(splitLayer)), LayerBytes(LayerRange.Back(splitLayer, config.LayerCount)));
        var whole = embedding + frontLayers + backLayersBytes + (config.TieWordEmbeddings ? norm : normAndHead);

        var backLayers = config.LayerCount - splitLayer;
        var (front, back) = (splitLayer, backLayers) switch
        {
            (0, _) => (default, whole),
            (_, 0) => (whole, default),
            _ => (embedding + frontLayers, backLayersBytes + normAndHead),
        };
        var kvBytesPerLayer = 2L * config.KvWidth * sizeof(ushort); // K and V
        return new SplitFootprint(splitLayer, front, back, splitLayer * kvBytesPerLayer, backLayers * kvBytesPerLayer);

        WeightBytes LayerBytes(LayerRange layers)
        {
            var layer = ModelTensors.OfLayer(config, layer: 0).Aggregate(
                default(WeightBytes),
                (sum, tensor) => sum + (tensor.IsMatrix ? WeightBytes.OfMatrix(tensor.RowCount, tensor.ColumnCount, 0) : WeightBytes.OfVector(tensor.RowCount, 0)));
            return (layers.Count * layer) with { At16Bits = stored.Of(layers).Total };
        }
    }
}
