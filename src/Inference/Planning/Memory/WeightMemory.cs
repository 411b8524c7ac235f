using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>
/// Bytes of a segment's weights before it is loaded: B_w of [2511.04002, eq. 1] in the stored formats, with padding and scales
/// (<see cref="TileLayout"/>), embedding and head. Equals <see cref="Segment.ByteCount"/> and what norms take beside it.
/// </summary>
/// <param name="MatrixBytes">All matrices; one that is embedding and head of the same segment counts once.</param>
/// <param name="NormBytes">Norm vectors, always float32.</param>
/// <param name="PaddingBytes">What quantized matrices leave unused in the large pages of their buffers; others stay where they are mapped.</param>
public readonly record struct WeightMemory(long MatrixBytes, long NormBytes, long PaddingBytes)
{
    public long ByteCount => MatrixBytes + NormBytes + PaddingBytes;

    /// <param name="config">Sizes of the model.</param>
    /// <param name="layers">
    /// Which layers: as <see cref="Segment"/>, with the embedding from the first one on, with final norm and head up to the last.
    /// </param>
    /// <param name="format">Of the matrices.</param>
    /// <param name="stored">Bytes of matrices that are not quantized; null: 2 for each weight.</param>
    /// <exception cref="ArgumentException">The layers are not the model's, or the format has no tiles.</exception>
    public static WeightMemory Of(ModelConfig config, LayerRange layers, WeightFormat format, StoredSizes? stored = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layers.First, nameof(layers));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers.End, config.LayerCount, nameof(layers));
        ArgumentOutOfRangeException.ThrowIfNegative(layers.Count, nameof(layers));
        var (startsModel, endsModel) = (layers.First == 0, layers.End == config.LayerCount);
        var norms = NormBytesOf(config, layers.Count, endsModel);
        if (!format.IsQuantized)
        {
            stored ??= StoredSizes.At(config);
            var sharesMatrix = startsModel && config.TieWordEmbeddings;
            var vocabulary = (startsModel ? stored.Embedding.Matrices : 0) + (endsModel && !sharesMatrix ? stored.Head.Matrices : 0);
            return new WeightMemory(stored.Of(layers).Matrices + vocabulary, norms, PaddingBytes: 0);
        }

        var vocabularyMatrices = (startsModel ? 1 : 0) + (endsModel ? 1 : 0) - (startsModel && endsModel && config.TieWordEmbeddings ? 1 : 0);
        var vocabularyBytes = MatrixBytesOf(new ModelTensor(ModelTensors.Embedding, 0, config.VocabularySize, config.HiddenSize));
        long[] layerBytes = [.. ModelTensors.OfLayer(config, layer: 0).Where(tensor => tensor.IsMatrix).Select(MatrixBytesOf)];
        return new WeightMemory((layers.Count * layerBytes.Sum()) + (vocabularyMatrices * vocabularyBytes), norms, NativeArena.PaddingBytes(AsLoaded()));

        IEnumerable<long> AsLoaded()
        {
            var isFirst = startsModel || (endsModel && config.TieWordEmbeddings);
            var layerMatrices = Enumerable.Repeat(layerBytes, layers.Count).SelectMany(bytes => bytes);
            return isFirst
                ? [vocabularyBytes, .. layerMatrices, .. Enumerable.Repeat(vocabularyBytes, vocabularyMatrices - 1)]
                : [.. layerMatrices, .. Enumerable.Repeat(vocabularyBytes, vocabularyMatrices)];
        }

        long MatrixBytesOf(ModelTensor tensor) => new TileLayout(tensor.RowCount, tensor.ColumnCount, format).ByteCount;
    }

    private static long NormBytesOf(ModelConfig config, int layerCount, bool endsModel)
    {
        var ofLayer = ModelTensors.OfLayer(config, layer: 0).Where(tensor => !tensor.IsMatrix).Sum(tensor => (long)tensor.RowCount);
        return ((layerCount * ofLayer) + (endsModel ? config.HiddenSize : 0)) * sizeof(float);
    }
}
