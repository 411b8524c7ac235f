using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Quantization;

/// <summary>Quantizes a stored matrix tile by tile, so that a matrix of any size passes through a buffer of one tile. One thread at a time.</summary>
internal sealed class TileQuantizer
{
    private readonly Tensor _tensor;
    private readonly float[] _row;
    private readonly byte[] _codes;
    private readonly Half[] _scales;

    /// <param name="tensor">[rows, columns], BF16, F16 or F32, all finite (<see cref="TensorReader.EnsureFinite"/>)</param>
    /// <param name="format">A quantized format.</param>
    public TileQuantizer(Tensor tensor, WeightFormat format)
    {
        _tensor = tensor;
        Layout = new TileLayout(tensor.RowCount, checked((int)tensor.RowElementCount), format);
        _row = new float[Layout.ColumnCount];
        _codes = new byte[Layout.BlockCount * TileLayout.BlockColumns];
        _scales = new Half[Layout.GroupCount];
    }

    public TileLayout Layout { get; }

    /// <param name="tileIndex">0 to TileCount − 1</param>
    /// <param name="tile">[TileBytes], written</param>
    public void Quantize(int tileIndex, Span<byte> tile)
    {
        var firstRow = tileIndex * TileLayout.TileRows;
        var rowCount = Math.Min(TileLayout.TileRows, Layout.RowCount - firstRow);
        TilePacker.Clear(Layout, tile);
        for (var row = 0; row < rowCount; row++)
        {
            _tensor.CopyRowTo(firstRow + row, _row);
            WeightQuantizer.Quantize(_row, Layout.Format, _codes, _scales);
            TilePacker.PackRow(Layout, row, _codes, _scales, tile);
        }
    }
}
