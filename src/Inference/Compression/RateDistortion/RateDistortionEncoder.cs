using System.Buffers;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// Writes a rate–distortion payload: a <see cref="FrameSetting"/>, per token a <see cref="TokenRecord"/> and, if it has any, its outliers; then one rANS stream
/// with the symbols of all tokens whose levels are not all 0. Keeps its buffers. Not safe for concurrent use.
/// </summary>
/// <param name="options">Step and transform.</param>
/// <param name="calibration">Of the split; null for none. A token of another width is coded without it.</param>
internal sealed class RateDistortionEncoder(RateDistortionOptions options, SplitCalibration? calibration)
{
    private const int CountedRowsMax = 64; // as many tokens tell which tables fit

    private readonly LevelHistogram _histogram = new();
    private readonly RansEncoder _symbolEncoder = new();
    private float[] _scratch = [];       // [width], or [rows, width] for a rotation
    private float[] _coefficients = [];  // [rows, width] for a rotation
    private byte[] _symbols = [];        // [rows, width]
    private TokenRecord[] _tokens = [];  // [rows]
    private int[] _columns = [];         // [width] of one token's outliers
    private byte[] _symbolMax = [];      // [width] largest symbol of each column's table
    private ushort[] _tables = [];       // [width] table of each column

    /// <param name="hidden">[rows, width]</param>
    /// <param name="embeddings">[rows, width] The embedding of each token; empty if the receiver may not know the tokens.</param>
    /// <param name="width">Values per token.</param>
    /// <param name="payload">Receives the payload.</param>
    public FrameStatistics Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings, int width, IBufferWriter<byte> payload)
    {
        var rows = hidden.Length / width;
        var kind = TransformFor(hidden, embeddings, width);
        var transform = calibration?.Transform(kind);
        Reserve(rows, width, transform);
        var values = hidden;
        if (transform is { Rotates: true })
        {
            var coefficients = _coefficients.AsSpan(0, hidden.Length);
            transform.Forward(hidden, embeddings, _scratch.AsSpan(0, hidden.Length), coefficients);
            values = coefficients;
        }

        var offsets = transform?.Offsets ?? ColumnOffsets.None;
        _histogram.Clear(offsets);
        var countedStride = (rows + CountedRowsMax - 1) / CountedRowsMax;
        for (var row = 0; row < rows; row++)
        {
            Quantize(hidden.Slice(row * width, width), values.Slice(row * width, width), row, transform);
            if (row % countedStride == 0 && !_tokens[row].IsZero)
                _histogram.Add(_symbols.AsSpan(row * width, width));
        }

        var (shape, spread) = _histogram.Choose(SpreadTables.UnitSpread - StepGrid.Nearest(options.RelativeStep));
        var setting = new FrameSetting(kind, shape, spread);
        setting.Write(payload);
        ColumnTables.Fill(setting, offsets, _tables.AsSpan(0, width));
        ColumnTables.Limits(setting, offsets, _tables.AsSpan(0, width), _symbolMax);
        var outlierCount = 0;
        for (var row = 0; row < rows; row++)
            outlierCount += WriteToken(values.Slice(row * width, width), row, payload);
        WriteSymbols(rows, width, setting, payload);
        return new FrameStatistics { OutlierCount = outlierCount };
    }

    /// <summary>The transform that is asked for, or the next lesser one where something for it is missing.</summary>
    private RateDistortionTransform TransformFor(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings, int width)
    {
        if (calibration is null || calibration.Width != width)
            return RateDistortionTransform.None;
        var kind = options.Transform;
        if (kind == RateDistortionTransform.Prediction && (embeddings.Length != hidden.Length || calibration.Transform(kind) is null))
            kind = RateDistortionTransform.KarhunenLoeve;
        if (kind >= RateDistortionTransform.KarhunenLoeve && (calibration.Transform(kind) is null || !IsDense(hidden)))
            kind = RateDistortionTransform.Columns; // a value that is not finite would spoil all coefficients
        return kind;
    }

    private static bool IsDense(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (!(MathF.Abs(value) < ThresholdSplitter.DenseMagnitudeMax))
                return false;
        }

        return true;
    }

    private void Quantize(ReadOnlySpan<float> hidden, ReadOnlySpan<float> values, int row, HiddenStateTransform? transform)
    {
        var scale = Math.Max(TokenScale.Measure(hidden, _scratch.AsSpan(0, hidden.Length)), transform?.ScaleMin ?? 0);
        var step = StepGrid.Nearest((float)Math.Min(scale * options.RelativeStep, float.MaxValue));
        var symbols = _symbols.AsSpan(row * hidden.Length, hidden.Length);
        ReadOnlySpan<float> mean = transform is { Rotates: false } ? transform.Mean : [];
        LevelQuantizer.Quantize(values, mean, StepGrid.Value(step), symbols);
        _tokens[row] = new TokenRecord(step, IsZero: !symbols.ContainsAnyExcept((byte)0), HasOutliers: false);
    }

    /// <summary>Takes out what the tables lack, and writes the token's record and outliers.</summary>
    /// <returns>How many outliers it has.</returns>
    private int WriteToken(ReadOnlySpan<float> values, int row, IBufferWriter<byte> payload)
    {
        var symbols = _symbols.AsSpan(row * values.Length, values.Length);
        var count = _tokens[row].IsZero ? 0 : OutlierScan.TakeOut(symbols, _symbolMax, _columns);
        _tokens[row] = new TokenRecord(_tokens[row].Step, !symbols.ContainsAnyExcept((byte)0), count > 0);
        _tokens[row].Write(payload);
        if (count > 0)
            OutlierCoder.Write(payload, values, _columns.AsSpan(0, count));
        return count;
    }

    private void WriteSymbols(int rows, int width, FrameSetting setting, IBufferWriter<byte> payload)
    {
        var tables = SpreadTables.For(setting.Shape).Tables;
        var codedRows = 0;
        for (var row = 0; row < rows; row++)
            codedRows += _tokens[row].IsZero ? 0 : 1;
        _symbolEncoder.Begin(codedRows * width);
        for (var row = rows - 1; row >= 0; row--)
        {
            if (_tokens[row].IsZero)
                continue;
            var symbols = _symbols.AsSpan(row * width, width);
            if (setting.Transform == RateDistortionTransform.None)
                _symbolEncoder.Encode(symbols, tables, _tables[0]);
            else
                _symbolEncoder.Encode(symbols, tables, _tables.AsSpan(0, width));
        }

        payload.Write(_symbolEncoder.Finish());
    }

    private void Reserve(int rows, int width, HiddenStateTransform? transform)
    {
        var size = rows * width;
        if (_columns.Length < width)
            (_columns, _symbolMax, _tables) = (new int[width], new byte[width], new ushort[width]);
        if (_symbols.Length < size)
            _symbols = GC.AllocateUninitializedArray<byte>(size);
        if (_tokens.Length < rows)
            _tokens = new TokenRecord[rows];
        var rotates = transform is { Rotates: true };
        if (_scratch.Length < (rotates ? size : width))
            _scratch = GC.AllocateUninitializedArray<float>(rotates ? size : width);
        if (rotates && _coefficients.Length < size)
            _coefficients = GC.AllocateUninitializedArray<float>(size);
    }
}
