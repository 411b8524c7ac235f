using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

/// <summary>A tensor of a package that a checkpoint has, quantized or copied.</summary>
internal sealed class StoredPackageTensor : PackageTensor
{
    private const int ChunkBytes = 1 << 20;

    private readonly Tensor _source;
    private readonly ComputeThreads _threads;

    private StoredPackageTensor(Tensor source, ModelTensor tensor, OpscQuantization quantization, ComputeThreads threads)
        : base(tensor, quantization, source.Type) =>
        (_source, _threads) = (source, threads);

    /// <param name="source">Of stored weights.</param>
    /// <param name="tensor">Name in the package, and shape.</param>
    /// <param name="quantization">Gives format and file.</param>
    /// <param name="threads">Quantize; the bytes do not depend on them.</param>
    /// <exception cref="UserErrorException">The source has no such tensor, or one of another shape.</exception>
    public static StoredPackageTensor Plan(Checkpoint source, ModelTensor tensor, OpscQuantization quantization, ComputeThreads threads)
    {
        var sourceName = tensor.Name == ModelTensors.Head && source.Config.TieWordEmbeddings ? ModelTensors.Embedding : tensor.Name;
        return new StoredPackageTensor(source.GetTensor(sourceName, tensor.Shape), tensor, quantization, threads);
    }

    protected override void WriteData(PackageFile file, ProgressMeter meter)
    {
        _source.EnsureFinite();
        if (Format.IsQuantized)
            WriteTiles(file, meter);
        else
            Copy(file, meter);
    }

    /// <summary>As many tiles at a time as make a megabyte for each thread.</summary>
    private unsafe void WriteTiles(PackageFile file, ProgressMeter meter)
    {
        var quantizer = new MatrixQuantizer(_source, Format, _threads);
        var layout = quantizer.Layout;
        var tileBytes = checked((int)layout.TileBytes);
        var tilesPerBatch = Math.Min(layout.TileCount, _threads.ThreadCount * ((ChunkBytes / tileBytes) + 1));
        var batch = new byte[tilesPerBatch * tileBytes];
        for (var first = 0; first < layout.TileCount; first += tilesPerBatch)
        {
            var count = Math.Min(tilesPerBatch, layout.TileCount - first);
            fixed (byte* tiles = batch)
                quantizer.Quantize(first, count, tiles);
            Append(batch.AsSpan(0, count * tileBytes), file, meter);
        }
    }

    private void Copy(PackageFile file, ProgressMeter meter)
    {
        for (long offset = 0; offset < _source.ByteCount; offset += ChunkBytes)
            Append(_source.Slice(offset, (int)Math.Min(ChunkBytes, _source.ByteCount - offset)), file, meter);
    }
}
