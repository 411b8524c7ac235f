using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>Activations as int8 for matrices of quantized weights, in panels of neighbouring tokens. Belongs to one workspace.</summary>
internal sealed unsafe class QuantizedRows : IDisposable
{
    private readonly int _rowCountMax;
    private readonly int _blockCountMax;
    private readonly NativeBuffer _codes;
    private readonly NativeBuffer _scales;
    private readonly NativeBuffer _corrections;
    private int _rowCount;
    private int _blockCount;

    /// <param name="rowCountMax">Most tokens.</param>
    /// <param name="columnCountMax">Widest input of a matrix.</param>
    public QuantizedRows(int rowCountMax, int columnCountMax)
    {
        _rowCountMax = rowCountMax;
        _blockCountMax = BlocksFor(columnCountMax);
        var blockCount = (long)rowCountMax * _blockCountMax;
        _codes = new NativeBuffer(blockCount * TileLayout.BlockColumns);
        _scales = new NativeBuffer(blockCount * sizeof(float));
        _corrections = new NativeBuffer(blockCount * sizeof(int));
    }

    /// <summary>What each token takes.</summary>
    public static long BytesPerRow(int columnCountMax) => BlocksFor(columnCountMax) * (long)(TileLayout.BlockColumns + sizeof(float) + sizeof(int));

    public int PanelCount => (_rowCount + ActivationPanel.TokensMax - 1) / ActivationPanel.TokensMax;

    /// <summary>Quantizes [rows, columns] for weights of a format.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are more rows or columns than there is room for.</exception>
    public void Quantize(float* x, int rowCount, int columnCount, WeightFormat weights, ComputeThreads threads)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowCount, _rowCountMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BlocksFor(columnCount), _blockCountMax, nameof(columnCount));
        _rowCount = rowCount;
        _blockCount = BlocksFor(columnCount);
        var work = new Work(this, x, columnCount, weights);
        threads.Run(ref work, PanelCount * work.ChunksPerPanel);
    }

    /// <summary>Tokens 64·index and following.</summary>
    public ActivationPanel Panel(int index)
    {
        var first = index * ActivationPanel.TokensMax;
        var offset = (nint)first * _blockCount;
        return new ActivationPanel
        {
            TokenCount = Math.Min(ActivationPanel.TokensMax, _rowCount - first),
            BlockCount = _blockCount,
            Codes = (sbyte*)_codes.Pointer + (offset * TileLayout.BlockColumns),
            Scales = (float*)_scales.Pointer + offset,
            Corrections = (int*)_corrections.Pointer + offset,
        };
    }

    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
        _corrections.Dispose();
    }

    private static int BlocksFor(int columnCount) => (columnCount + TileLayout.BlockColumns - 1) / TileLayout.BlockColumns;

    /// <summary>A chunk is a range of columns of a panel.</summary>
    private readonly struct Work(QuantizedRows rows, float* x, int columnCount, WeightFormat weights) : IParallelWork
    {
        private const int ChunkBlocks = 512; // of all tokens: some five microseconds

        private readonly int _columnBlocks = Math.Max(1, ChunkBlocks / Math.Clamp(rows._rowCount, 1, ActivationPanel.TokensMax));

        public int ChunksPerPanel => (rows._blockCount + _columnBlocks - 1) / _columnBlocks;

        public void Execute(int chunk, int thread)
        {
            var (panel, part) = Math.DivRem(chunk, ChunksPerPanel);
            var first = part * _columnBlocks;
            ActivationQuantizer.Quantize(
                x + ((nint)panel * ActivationPanel.TokensMax * columnCount), columnCount, weights, rows.Panel(panel),
                first..Math.Min(first + _columnBlocks, rows._blockCount));
        }
    }
}
