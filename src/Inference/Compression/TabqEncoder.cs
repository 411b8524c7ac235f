using System.Buffers;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Writes a TAB-Q payload: per token a <see cref="RowRecord"/> and, if it has any, its outliers; then one rANS stream with the symbols of all
/// tokens that are not all zero. Keeps its buffers. Not safe for concurrent use.
/// </summary>
internal sealed class TabqEncoder(TabqOptions options)
{
    private readonly TokenwiseQuantizer _quantizer = new(options);
    private readonly RansEncoder _symbolEncoder = new();
    private float[] _magnitudes = [];  // [width]
    private byte[] _levels = [];       // [width]
    private int[] _columns = [];       // [width]
    private byte[] _symbols = [];      // [rows, width]
    private RowRecord[] _rows = [];    // [rows]

    /// <param name="hidden">[rows, width]</param>
    /// <param name="width">Values per token.</param>
    /// <param name="payload">Receives the payload.</param>
    public FrameStatistics Encode(ReadOnlySpan<float> hidden, int width, IBufferWriter<byte> payload)
    {
        var rows = hidden.Length / width;
        Reserve(rows, width);
        var tokensByBits = default(BitsHistogram);
        var (outlierCount, codedRows) = (0, 0);
        for (var row = 0; row < rows; row++)
        {
            outlierCount += Quantize(hidden.Slice(row * width, width), row, payload);
            codedRows += _rows[row].Grid.IsZero ? 0 : 1;
            tokensByBits[_rows[row].Grid.Bits]++;
        }

        _symbolEncoder.Begin(codedRows * width);
        for (var row = rows - 1; row >= 0; row--)
        {
            if (!_rows[row].Grid.IsZero)
                _symbolEncoder.Encode(_symbols.AsSpan(row * width, width), TableFamily.For(_rows[row].Grid), _rows[row].Shape);
        }

        payload.Write(_symbolEncoder.Finish());
        return new FrameStatistics { OutlierCount = outlierCount, TokensByBits = tokensByBits };
    }

    /// <summary>Splits and quantizes one token, writes its record and its outliers, and keeps its symbols.</summary>
    /// <returns>How many outliers it has.</returns>
    private int Quantize(ReadOnlySpan<float> values, int row, IBufferWriter<byte> payload)
    {
        var width = values.Length;
        var magnitudes = _magnitudes.AsSpan(0, width);
        var levels = _levels.AsSpan(0, width);
        var split = ThresholdSplitter.Split(values, ThresholdSplitter.MagnitudeFor(options.Threshold, values), magnitudes, _columns);
        var grid = _quantizer.Quantize(magnitudes, split.Min, split.Max, levels);
        var shape = 0;
        if (!grid.IsZero)
        {
            Span<int> levelCounts = stackalloc int[grid.LevelMax + 1];
            SymbolMap.Count(levels, levelCounts);
            SymbolMap.ToSymbols(grid, values, levels, _symbols.AsSpan(row * width, width));
            shape = TableFamily.Choose(grid, levelCounts);
        }

        _rows[row] = new RowRecord(grid, shape, split.OutlierCount > 0);
        _rows[row].Write(payload);
        if (split.OutlierCount > 0)
            OutlierCoder.Write(payload, values, _columns.AsSpan(0, split.OutlierCount));
        return split.OutlierCount;
    }

    private void Reserve(int rows, int width)
    {
        if (_levels.Length < width)
            (_magnitudes, _levels, _columns) = (new float[width], new byte[width], new int[width]);
        if (_symbols.Length < rows * width)
            _symbols = GC.AllocateUninitializedArray<byte>(rows * width);
        if (_rows.Length < rows)
            _rows = new RowRecord[rows];
    }
}
