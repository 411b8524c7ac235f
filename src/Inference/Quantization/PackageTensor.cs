using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Quantization;

/// <summary>A tensor of a package, written wherever its weights come from.</summary>
internal abstract class PackageTensor
{
    /// <param name="tensor">Name and shape.</param>
    /// <param name="quantization">Gives format and file.</param>
    /// <param name="storedType">Of its elements, unless it is quantized.</param>
    protected PackageTensor(ModelTensor tensor, OpscQuantization quantization, TensorType storedType)
    {
        Tensor = tensor;
        FileName = quantization.IsFront(tensor) ? OpscPackage.FrontFileName : OpscPackage.BackFileName;
        Format = quantization.FormatOf(tensor);
        if (Format.IsQuantized)
        {
            var layout = new TileLayout(tensor.RowCount, tensor.ColumnCount, Format);
            Planned = new PlannedTensor(tensor.Name, TensorType.U8, [layout.TileCount, checked((int)layout.TileBytes)], layout.ByteCount);
            return;
        }

        var shape = tensor.Shape;
        Planned = new PlannedTensor(tensor.Name, storedType, shape, shape.Aggregate((long)storedType.ElementBytes(), (bytes, size) => bytes * size));
    }

    /// <summary>The file of the package that it belongs to.</summary>
    public string FileName { get; }

    public PlannedTensor Planned { get; }

    /// <summary>CRC-32C of all bytes that are written so far.</summary>
    public uint Checksum { get; private set; }

    protected ModelTensor Tensor { get; }

    protected WeightFormat Format { get; }

    /// <param name="file">Takes the tensor at its end.</param>
    /// <param name="meter">Told of what is written.</param>
    /// <exception cref="UserErrorException">A weight is not finite, or of a type that is no weight's.</exception>
    public void Write(PackageFile file, ProgressMeter meter)
    {
        WriteData(file, meter);
        meter.TensorDone();
    }

    /// <summary>Appends all of the data.</summary>
    protected abstract void WriteData(PackageFile file, ProgressMeter meter);

    protected void Append(ReadOnlySpan<byte> bytes, PackageFile file, ProgressMeter meter)
    {
        file.Write(bytes);
        Checksum = Crc32C.Compute(bytes, Checksum);
        meter.Advance(bytes.Length);
    }
}
