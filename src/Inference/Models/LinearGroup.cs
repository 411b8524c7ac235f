using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>
/// One to three matrices that multiply the same input, such as q_proj, k_proj and v_proj: it is quantized once, and the threads meet once. A thread
/// computes whole outputs, so the number of threads does not change a bit.
/// </summary>
internal sealed unsafe class LinearGroup
{
    /// <summary>Weights of one chunk: enough to outweigh taking it, few enough to end together.</summary>
    private const int ChunkBytes = 64 << 10;

    private readonly Linear[] _linears;
    private readonly int[] _chunkRows;
    private readonly int[] _chunkEnds; // chunks of the matrices up to this one
    private readonly WeightFormat? _inputFormat;

    /// <exception cref="ArgumentException">The matrices have other input sizes or quantized formats than each other.</exception>
    public LinearGroup(params Linear[] linears)
    {
        _linears = linears;
        _chunkRows = [.. linears.Select(RowsPerChunk)];
        _chunkEnds = new int[linears.Length];
        var end = 0;
        for (var i = 0; i < linears.Length; i++)
        {
            end += (linears[i].OutputSize + _chunkRows[i] - 1) / _chunkRows[i];
            _chunkEnds[i] = end;
            if (linears[i].Format.IsQuantized)
                _inputFormat = linears[i].Format;
        }

        if (linears.Any(linear => linear.InputSize != InputSize || (linear.Format.IsQuantized && linear.Format != _inputFormat)))
            throw new ArgumentException("The matrices do not take the same input.", nameof(linears));
    }

    public int InputSize => _linears[0].InputSize;

    public IReadOnlyList<Linear> Matrices => _linears;

    /// <summary><c>Yᵢ = X·Wᵢᵀ</c></summary>
    /// <param name="x">[tokens, inputs]</param>
    /// <param name="workspace">Scratch with room for as many tokens.</param>
    /// <param name="y0">[tokens, outputs of the first matrix], written</param>
    /// <param name="y1">The second matrix's, if there is one.</param>
    /// <param name="y2">The third's.</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other.</exception>
    /// <exception cref="ObjectDisposedException">The weights' checkpoint is disposed.</exception>
    public void Forward(ReadOnlySpan<float> x, Workspace workspace, Span<float> y0, Span<float> y1 = default, Span<float> y2 = default)
    {
        var rowCount = x.Length / InputSize;
        if (x.Length != rowCount * InputSize || !Fits(0, y0, rowCount) || !Fits(1, y1, rowCount) || !Fits(2, y2, rowCount))
            throw new ArgumentException($"X has {x.Length} and Y {y0.Length}, {y1.Length}, {y2.Length} floats; the matrices take {InputSize} per token.", nameof(x));

        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowCount, workspace.RowCountMax, nameof(x));
        fixed (float* input = x, output0 = y0, output1 = y1, output2 = y2)
        {
            if (_inputFormat is { } format)
                workspace.Quantized.Quantize(input, rowCount, InputSize, format, workspace.Threads);
            var work = new Work(this, input, rowCount, workspace, output0, output1, output2);
            workspace.Threads.Run(ref work, _chunkEnds[^1]);
        }
    }

    private static int RowsPerChunk(Linear linear)
    {
        var rows = linear.Format.IsQuantized ? 2 * TileLayout.TileRows : TileLayout.TileRows; // of which a product takes two tiles at once
        var bytes = Math.Max(1, rows * linear.ByteCount / linear.OutputSize);
        return (int)Math.Max(1, (ChunkBytes + (bytes / 2)) / bytes) * rows;
    }

    private bool Fits(int index, ReadOnlySpan<float> y, int rowCount) =>
        y.Length == (index < _linears.Length ? rowCount * _linears[index].OutputSize : 0);

    private readonly struct Work(LinearGroup group, float* x, int rowCount, Workspace workspace, float* y0, float* y1, float* y2) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            var index = 0;
            while (chunk >= group._chunkEnds[index])
                index++;
            var linear = group._linears[index];
            var firstRow = (chunk - (index > 0 ? group._chunkEnds[index - 1] : 0)) * group._chunkRows[index];
            var input = new LinearInput { Rows = x, RowCount = rowCount, Quantized = workspace.Quantized, Sums = workspace.Sums(thread) };
            var y = index switch { 0 => y0, 1 => y1, _ => y2 };
            linear.ForwardRows(in input, y, firstRow, Math.Min(group._chunkRows[index], linear.OutputSize - firstRow));
        }
    }
}
