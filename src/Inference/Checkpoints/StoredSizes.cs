using SplitActors.Inference.Models;

namespace SplitActors.Inference.Checkpoints;

/// <summary>Bytes of some tensors as they are stored.</summary>
public readonly record struct StoredBytes(long Matrices, long Vectors)
{
    public long Total => Matrices + Vectors;

    public static StoredBytes operator +(StoredBytes a, StoredBytes b) => new(a.Matrices + b.Matrices, a.Vectors + b.Vectors);
}

/// <summary>
/// Bytes of a model's parts where they are not quantized. The headers say how wide each tensor's elements are; the configuration's torch_dtype is a label
/// that need not fit them, and files mix widths.
/// </summary>
public sealed class StoredSizes
{
    private const int UsualWeightBytes = sizeof(ushort);

    private readonly StoredBytes[] _layers; // [L]
    private readonly long _layerWeightCount; // of its matrices

    private StoredSizes(ModelConfig config, Func<ModelTensor, long> bytesOf)
    {
        var parts = ModelTensors.Of(config).ToLookup(tensor => tensor.Name is ModelTensors.Embedding or ModelTensors.FinalNorm or ModelTensors.Head ? tensor.Name : null, Count, StringComparer.Ordinal);
        Embedding = Sum(parts[ModelTensors.Embedding]);
        FinalNorm = Sum(parts[ModelTensors.FinalNorm]);
        Head = config.TieWordEmbeddings ? Embedding : Sum(parts[ModelTensors.Head]);
        _layers = new StoredBytes[config.LayerCount];
        _layerWeightCount = ModelTensors.OfLayer(config, layer: 0).Where(tensor => tensor.IsMatrix).Sum(ElementCount);
        foreach (var (tensor, bytes) in parts[null])
            _layers[tensor.Layer] += bytes;

        (ModelTensor Tensor, StoredBytes Bytes) Count(ModelTensor tensor) =>
            (tensor, tensor.IsMatrix ? new StoredBytes(bytesOf(tensor), 0) : new StoredBytes(0, bytesOf(tensor)));

        static StoredBytes Sum(IEnumerable<(ModelTensor Tensor, StoredBytes Bytes)> part) => part.Aggregate(default(StoredBytes), (sum, entry) => sum + entry.Bytes);
    }

    public StoredBytes Embedding { get; }

    public StoredBytes FinalNorm { get; }

    /// <summary>The embedding's where they are one.</summary>
    public StoredBytes Head { get; }

    /// <summary>Mean over the layers.</summary>
    public double LayerMatrixBytes => _layers.Average(layer => layer.Matrices);

    /// <summary>Of a weight of the widest layer: 2, or 4.</summary>
    public int WeightBytes => _layers.Max(layer => layer.Matrices) > 3 * _layerWeightCount ? sizeof(float) : UsualWeightBytes;

    /// <summary>Of a model with so many bytes for each weight.</summary>
    public static StoredSizes At(ModelConfig config, int weightBytes = UsualWeightBytes) => new(config, tensor => ElementCount(tensor) * weightBytes);

    /// <summary>By the headers. A tensor whose file is not here, or that is quantized, counts as the configuration's label has it.</summary>
    /// <exception cref="UserErrorException">A tensor or a file that must be here is missing, or the file is damaged.</exception>
    public static StoredSizes Of(Checkpoint checkpoint)
    {
        var labelledBytes = checkpoint.Config.TorchDtype == "float32" ? sizeof(float) : UsualWeightBytes;
        return new StoredSizes(
            checkpoint.Config,
            tensor => (checkpoint.FormatOf(tensor.Name).IsQuantized ? null : checkpoint.TryGetInfo(tensor.Name)?.ByteCount) ?? (ElementCount(tensor) * labelledBytes));
    }

    public StoredBytes Of(LayerRange layers) => _layers[layers.First..layers.End].Aggregate(default(StoredBytes), (sum, layer) => sum + layer);

    private static long ElementCount(ModelTensor tensor) => (long)tensor.RowCount * Math.Max(1, tensor.ColumnCount);
}
