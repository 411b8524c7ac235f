using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>
/// Weights to measure time with, whatever their values: matrices lie one after the other in one ring of memory, so that a pass through a few layers streams
/// as much as no cache holds, and a large model takes no more than a small one. A model that is smaller than the ring has a ring of its own size, since it
/// stays in the cache in earnest too.
/// </summary>
internal sealed unsafe class ProbeWeights : IWeightSource
{
    private const long HeadBytesMax = 32 << 20; // of the head that is measured: its time grows with its rows

    private readonly NativeSlice _memory;
    private readonly WeightFormat _format;
    private readonly int _storedWeightBytes;
    private long _next;

    private ProbeWeights(ProbeMemory memory, long ringBytes, WeightFormat format) =>
        (_memory, _storedWeightBytes, RingBytes, _format) = (memory.Memory, memory.StoredWeightBytes, ringBytes, format);

    /// <summary>What all matrices lie in.</summary>
    public long RingBytes { get; }

    /// <summary>The model with as much of its vocabulary as is measured; embedding and head are one.</summary>
    public static ModelConfig PartOf(ModelConfig config, WeightFormat format)
    {
        var rowBytes = Math.Max(1, (long)config.HiddenSize * format.Bits / 8);
        return config with { VocabularySize = (int)Math.Clamp(HeadBytesMax / rowBytes, 1, config.VocabularySize), TieWordEmbeddings = true };
    }

    /// <param name="memory">With room for them.</param>
    /// <param name="config">The whole model.</param>
    /// <param name="format">Of all matrices.</param>
    public static ProbeWeights Of(ProbeMemory memory, ModelConfig config, WeightFormat format) =>
        new(memory, RingBytesOf(config, format, memory.RingBytesMin, memory.StoredWeightBytes), format);

    public Linear Matrix(string name, int outputSize, int inputSize)
    {
        var bytes = BytesOf(outputSize, inputSize, _format, _storedWeightBytes);
        if (_next + bytes > RingBytes)
            _next = 0;
        var memory = _memory.From(_next);
        _next = (_next + bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;
        return _format.IsQuantized
            ? new QuantizedLinear(QuantizedMatrix.Over(new TileLayout(outputSize, inputSize, _format), memory))
            : SyntheticLinear.Over(outputSize, inputSize, memory, _storedWeightBytes);
    }

    public float[] Norm(string name, int size)
    {
        var weights = new float[size];
        weights.AsSpan().Fill(1f);
        return weights;
    }

    /// <summary>Bytes of the ring: as many as no cache holds, or all of the model.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="format">Of all matrices.</param>
    /// <param name="ringBytesMin">Enough for a large model.</param>
    /// <param name="storedWeightBytes">Of a weight that is not quantized: 2 or 4.</param>
    public static long RingBytesOf(ModelConfig config, WeightFormat format, long ringBytesMin, int storedWeightBytes)
    {
        long[] matrices =
        [
            .. ModelTensors.OfLayer(config, layer: 0).Where(tensor => tensor.IsMatrix).Select(tensor => BytesOf(tensor.RowCount, tensor.ColumnCount, format, storedWeightBytes)),
            BytesOf(PartOf(config, format).VocabularySize, config.HiddenSize, format, storedWeightBytes),
        ];
        var all = (config.LayerCount * matrices[..^1].Sum(Aligned)) + Aligned(matrices[^1]);
        return Math.Max(matrices.Max(), Math.Min(all, ringBytesMin));
    }

    private static long Aligned(long bytes) => (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;

    private static long BytesOf(int rows, int columns, WeightFormat format, int storedWeightBytes) =>
        format.IsQuantized ? new TileLayout(rows, columns, format).ByteCount : (long)rows * columns * storedWeightBytes;
}
