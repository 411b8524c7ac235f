using System.Collections.Immutable;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Checkpoints;

/// <summary>What one file of an OPSC package holds, and a process that maps it.</summary>
/// <param name="Name">front or back</param>
/// <param name="FileName">Within the folder.</param>
/// <param name="Format">Of its matrices.</param>
/// <param name="LayerCount">Decoder layers.</param>
/// <param name="WeightBytes">Its tensors, padding included.</param>
/// <param name="KvBytesPerToken">keys and values of its layers at 16 bits</param>
public sealed record PackagePart(string Name, string FileName, WeightFormat Format, int LayerCount, long WeightBytes, long KvBytesPerToken)
{
    /// <summary>How its matrices are stored, in words; those that are not quantized keep their source's type.</summary>
    public required string Weights { get; init; }

    /// <summary>The parts of a package, from its headers; none of another checkpoint.</summary>
    /// <exception cref="UserErrorException">A tensor is missing or has another size than its format says, or a file is missing or damaged.</exception>
    internal static ImmutableArray<PackagePart> Of(Checkpoint checkpoint)
    {
        if (checkpoint.Quantization is not { } quantization)
            return [];

        var tensors = ModelTensors.Of(checkpoint.Config).ToLookup(quantization.IsFront);
        var backLayerCount = checkpoint.Config.LayerCount - quantization.SplitLayer;
        ImmutableArray<PackagePart> parts =
        [
            Of(checkpoint, "front", OpscPackage.FrontFileName, quantization.Front, quantization.SplitLayer, tensors[true]),
            Of(checkpoint, "back", OpscPackage.BackFileName, quantization.Back, backLayerCount, tensors[false]),
        ];
        return parts.RemoveAll(part => part.LayerCount == 0);
    }

    private static PackagePart Of(
        Checkpoint checkpoint, string name, string fileName, WeightFormat format, int layerCount, IEnumerable<ModelTensor> tensors)
    {
        var kvBytesPerLayer = 2L * checkpoint.Config.KvWidth * sizeof(ushort); // K and V
        var matrices = tensors.Where(tensor => tensor.IsMatrix).Select(tensor => checkpoint.GetInfo(tensor.Name));
        return new PackagePart(name, fileName, format, layerCount, tensors.Sum(tensor => BytesOf(checkpoint, tensor)), layerCount * kvBytesPerLayer)
        {
            Weights = format.IsQuantized ? $"{format}" : WeightTypes.Describe(matrices),
        };
    }

    private static long BytesOf(Checkpoint checkpoint, ModelTensor tensor)
    {
        var info = checkpoint.GetInfo(tensor.Name);
        var format = checkpoint.FormatOf(tensor.Name);
        if (format.IsQuantized)
            QuantizedMatrix.EnsureFits(info, new TileLayout(tensor.RowCount, tensor.ColumnCount, format));
        return info.ByteCount;
    }
}
