using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Quantization;

/// <summary>A made-up tensor of a package.</summary>
/// <param name="tensor">Name and shape.</param>
/// <param name="quantization">Gives format and file.</param>
/// <param name="seed">This and the following ones, one for each row or tile.</param>
internal sealed class SyntheticPackageTensor(ModelTensor tensor, OpscQuantization quantization, ulong seed)
    : PackageTensor(tensor, quantization, TensorType.BF16)
{
    protected override void WriteData(PackageFile file, ProgressMeter meter)
    {
        if (Format.IsQuantized)
            WriteTiles(file, meter);
        else
            WriteRows(file, meter);
    }

    private void WriteTiles(PackageFile file, ProgressMeter meter)
    {
        var layout = new TileLayout(Tensor.RowCount, Tensor.ColumnCount, Format);
        var tile = new byte[layout.TileBytes];
        for (var i = 0; i < layout.TileCount; i++)
        {
            SyntheticTile.Fill(tile, layout, seed + (ulong)i);
            Append(tile, file, meter);
        }
    }

    /// <summary>A norm's weights are 1.</summary>
    private void WriteRows(PackageFile file, ProgressMeter meter)
    {
        var row = new ushort[Tensor.Shape[^1]];
        row.AsSpan().Fill(SyntheticRow.ToBFloat16(1f));
        for (var i = 0; i < (Tensor.IsMatrix ? Tensor.RowCount : 1); i++)
        {
            if (Tensor.IsMatrix)
                SyntheticRow.Fill(row, seed + (ulong)i);
            Append(MemoryMarshal.AsBytes(row.AsSpan()), file, meter);
        }
    }
}
