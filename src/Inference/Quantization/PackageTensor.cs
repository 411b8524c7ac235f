using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

/// <summary>A tensor of a package, and where its weights come from.</summary>
internal sealed class PackageTensor
{
    private const int ChunkBytes = 1 << 20;

    private readonly Tensor _source;
    private readonly WeightFormat _format;

    private PackageTensor(Tensor source, WeightFormat format, PlannedTensor planned, string fileName) =>
        (_source, _format, Planned, FileName) = (source, format, planned, fileName);

    public PlannedTensor Planned { get; }

    /// <summary>The file of the package that it belongs to.</summary>
    public string FileName { get; }

    public long ByteCount => Planned.ByteCount;

    /// <exception cref="UserErrorException">The source has no such tensor, or one of another shape.</exception>
    public static PackageTensor Plan(Checkpoint source, ModelTensor tensor, OpscQuantization quantization)
    {
        var sourceName = tensor.Name == ModelTensors.Head && source.Config.TieWordEmbeddings ? ModelTensors.Embedding : tensor.Name;
        int[] shape = tensor.IsMatrix ? [tensor.RowCount, tensor.ColumnCount] : [tensor.RowCount];
        var stored = source.GetTensor(sourceName, shape);
        var format = quantization.FormatOf(tensor);
        var planned = new PlannedTensor(tensor.Name, stored.Type, shape, stored.ByteCount);
        if (format.IsQuantized)
        {
            var layout = new TileLayout(tensor.RowCount, tensor.ColumnCount, format);
            planned = new PlannedTensor(tensor.Name, TensorType.U8, [layout.TileCount, checked((int)layout.TileBytes)], layout.ByteCount);
        }

        return new PackageTensor(stored, format, planned, quantization.IsFront(tensor) ? OpscPackage.FrontFileName : OpscPackage.BackFileName);
    }

    /// <summary>Of all bytes that are written so far.</summary>
    public uint Checksum { get; private set; }

    /// <param name="file">Takes the tensor at its end.</param>
    /// <param name="meter">Told of what is written.</param>
    /// <param name="threads">Compute; the bytes do not depend on them.</param>
    /// <exception cref="UserErrorException">A weight is not finite, or of a type that is no weight's.</exception>
    public void Write(PackageFile file, ProgressMeter meter, ComputeThreads threads)
    {
        _source.EnsureFinite();
        if (_format.IsQuantized)
            WriteTiles(file, meter, threads);
        else
            Copy(file, meter);
        meter.TensorDone();
    }

    /// <summary>As many tiles at a time as make a megabyte for each thread.</summary>
    private void WriteTiles(PackageFile file, ProgressMeter meter, ComputeThreads threads)
    {
        var quantizers = new TileQuantizer[threads.ThreadCount];
        for (var thread = 0; thread < quantizers.Length; thread++)
            quantizers[thread] = new TileQuantizer(_source, _format);
        var layout = quantizers[0].Layout;
        var tileBytes = checked((int)layout.TileBytes);
        var tilesPerBatch = Math.Min(layout.TileCount, threads.ThreadCount * ((ChunkBytes / tileBytes) + 1));
        var batch = new byte[tilesPerBatch * tileBytes];
        for (var first = 0; first < layout.TileCount; first += tilesPerBatch)
        {
            var count = Math.Min(tilesPerBatch, layout.TileCount - first);
            var work = new TileWork(quantizers, first, batch, tileBytes);
            threads.Run(ref work, count);
            Append(batch.AsSpan(0, count * tileBytes), file, meter);
        }
    }

    private void Copy(PackageFile file, ProgressMeter meter)
    {
        for (long offset = 0; offset < _source.ByteCount; offset += ChunkBytes)
            Append(_source.Slice(offset, (int)Math.Min(ChunkBytes, _source.ByteCount - offset)), file, meter);
    }

    private void Append(ReadOnlySpan<byte> bytes, PackageFile file, ProgressMeter meter)
    {
        file.Write(bytes);
        Checksum = Crc32C.Compute(bytes, Checksum);
        meter.Advance(bytes.Length);
    }

    private readonly struct TileWork(TileQuantizer[] quantizers, int firstTile, byte[] batch, int tileBytes) : IParallelWork
    {
        public void Execute(int chunk, int thread) =>
            quantizers[thread].Quantize(firstTile + chunk, batch.AsSpan(chunk * tileBytes, tileBytes));
    }
}

/// <summary>Adds up what is written, and tells of it every megabyte.</summary>
internal sealed class ProgressMeter(int tensorCount, long bytesTotal, IProgress<PackageProgress>? progress)
{
    private const int ReportBytes = 1 << 20;

    private int _tensorsDone;
    private long _bytesDone;
    private long _bytesReported;

    public long BytesTotal => bytesTotal;

    public void Advance(int byteCount)
    {
        _bytesDone += byteCount;
        if (_bytesDone - _bytesReported >= ReportBytes)
            Report();
    }

    public void TensorDone()
    {
        _tensorsDone++;
        Report();
    }

    private void Report()
    {
        _bytesReported = _bytesDone;
        progress?.Report(new PackageProgress(_tensorsDone, tensorCount, _bytesDone, bytesTotal));
    }
}
