using SplitActors.Inference.Checkpoints;

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

    /// <exception cref="UserErrorException">A weight is not finite, or of a type that is no weight's.</exception>
    public void Write(PackageFile file, ProgressMeter meter)
    {
        if (_format.IsQuantized)
            WriteTiles(file, meter);
        else
            Copy(file, meter);
        meter.TensorDone();
    }

    private void WriteTiles(PackageFile file, ProgressMeter meter)
    {
        var quantizer = new TileQuantizer(_source, _format);
        var tile = new byte[quantizer.Layout.TileBytes];
        for (var i = 0; i < quantizer.Layout.TileCount; i++)
        {
            quantizer.Quantize(i, tile);
            file.Write(tile);
            meter.Advance(tile.Length);
        }
    }

    private void Copy(PackageFile file, ProgressMeter meter)
    {
        _source.EnsureFinite();
        for (long offset = 0; offset < _source.ByteCount; offset += ChunkBytes)
        {
            var chunk = _source.Slice(offset, (int)Math.Min(ChunkBytes, _source.ByteCount - offset));
            file.Write(chunk);
            meter.Advance(chunk.Length);
        }
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
