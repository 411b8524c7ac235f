using System.Runtime.Intrinsics;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights in tiles, multiplied by int8 activations.</summary>
internal sealed unsafe class QuantizedLinear(QuantizedMatrix weights)
    : Linear(weights.Layout.RowCount, weights.Layout.ColumnCount)
{
    private readonly TileLayout _layout = weights.Layout;
    private readonly delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> _product = TileProducts.For(weights.Layout.Format.Bits);
    private readonly delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> _pairProduct = TileProducts.ForPairs(weights.Layout.Format.Bits);

    public override WeightFormat Format => _layout.Format;

    public override long ByteCount => _layout.ByteCount;

    public override byte* Weights => weights.Pointer;

    /// <summary>All panels of a few tiles, and then the next tiles: the weights of a range stay in the cache meanwhile.</summary>
    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount)
    {
        var endRow = firstRow + rowCount;
        for (var index = 0; index < input.Quantized.PanelCount; index++)
        {
            var panel = input.Quantized.Panel(index);
            var outputs = y + ((nint)index * ActivationPanel.TokensMax * OutputSize);
            var row = firstRow;
            for (; _pairProduct != null && panel.TokenCount > 1 && row + TileLayout.TileRows < endRow; row += 2 * TileLayout.TileRows)
            {
                _pairProduct(TileAt(row), in _layout, in panel, input.Sums);
                CopySums(input.Sums, outputs, row, panel.TokenCount);
                CopySums(input.Sums + (panel.TokenCount * TileLayout.TileRows), outputs, row + TileLayout.TileRows, panel.TokenCount);
            }

            for (; row < endRow; row += TileLayout.TileRows)
            {
                _product(TileAt(row), in _layout, in panel, input.Sums);
                CopySums(input.Sums, outputs, row, panel.TokenCount);
            }
        }
    }

    private byte* TileAt(int row) => weights.Pointer + (row / TileLayout.TileRows * _layout.TileBytes);

    /// <param name="sums">[tokens][16]</param>
    /// <param name="outputs">[tokens, outputs]</param>
    /// <param name="row">The tile's first, a column of the outputs.</param>
    /// <param name="tokenCount">Of the panel.</param>
    private void CopySums(float* sums, float* outputs, int row, int tokenCount)
    {
        var y = outputs + row;
        var count = Math.Min(TileLayout.TileRows, OutputSize - row);
        for (var token = 0; token < tokenCount; token++, sums += TileLayout.TileRows, y += OutputSize)
        {
            if (count == TileLayout.TileRows)
                Vector512.Load(sums).Store(y);
            else
                new ReadOnlySpan<float>(sums, count).CopyTo(new Span<float>(y, count));
        }
    }

    public override void CopyRow(int row, Span<float> destination) => weights.CopyRow(row, destination);
}
