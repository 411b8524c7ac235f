using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Codes hidden states at the split into frames. The bytes are a function of the values and the options alone: the same on every CPU.
/// Keeps its buffers from call to call, so that only the frame itself is allocated. Not safe for concurrent use: one per session.
/// </summary>
/// <remarks>
/// TAB-Q: x̃ = x, bit for bit, where |x| ≥ τ, x is NaN or ±∞, or |x| ≥ 2^126; otherwise |x̃ − x| ≤ s/2 + 2⁻²²·|x| with the token's transmitted
/// scale s (<see cref="AsymmetricQuantizer"/>). A value that rounds to 0 comes out as +0.
/// A frame that TAB-Q cannot make smaller than raw float32 is sent raw.
/// </remarks>
public sealed class HiddenStateEncoder(CompressionOptions options)
{
    private readonly TokenwiseQuantizer _quantizer = new(options.Tabq);
    private readonly SymbolEncoder _symbolEncoder = new();
    private readonly ArrayBufferWriter<byte> _payload = new();
    private float[] _magnitudes = [];  // [width]
    private byte[] _levels = [];       // [width]
    private int[] _columns = [];       // [width]
    private byte[] _symbols = [];      // [rows, width]
    private RowRecord[] _rows = [];    // [rows]

    /// <summary>Encodes the hidden states of consecutive tokens.</summary>
    /// <param name="hidden">[rows, width]</param>
    /// <param name="rows">Tokens, 1 to <see cref="FrameLimits.RowsMax"/>.</param>
    /// <param name="width">Values per token, 1 to <see cref="FrameLimits.WidthMax"/>.</param>
    public EncodedFrame Encode(ReadOnlySpan<float> hidden, int rows, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, FrameLimits.RowsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FrameLimits.WidthMax);
        if (hidden.Length != (long)rows * width || hidden.Length > FrameLimits.ValuesMax)
            throw new ArgumentException($"Expected {rows} x {width} values, at most {FrameLimits.ValuesMax}; found {hidden.Length}.", nameof(hidden));

        var statistics = new FrameStatistics { Float16Bytes = 2L * hidden.Length };
        if (options.Codec == FrameCodec.Tabq)
        {
            statistics = EncodeTabq(hidden, rows, width);
            if (_payload.WrittenCount < hidden.Length * (long)sizeof(float))
                return Seal(FrameCodec.Tabq, _payload.WrittenSpan, rows, width, statistics);
        }

        return Seal(FrameCodec.None, LittleEndian(hidden), rows, width, new FrameStatistics { Float16Bytes = 2L * hidden.Length });
    }

    private FrameStatistics EncodeTabq(ReadOnlySpan<float> hidden, int rows, int width)
    {
        Reserve(rows, width);
        _payload.ResetWrittenCount();
        var tokensByBits = default(BitsHistogram);
        var outlierCount = 0;
        for (var row = 0; row < rows; row++)
        {
            var values = hidden.Slice(row * width, width);
            var threshold = ThresholdSplitter.MagnitudeFor(options.Tabq.Threshold, values);
            var rowOutlierCount = ThresholdSplitter.Split(values, threshold, _magnitudes.AsSpan(0, width), _columns);
            var grid = _quantizer.Quantize(_magnitudes.AsSpan(0, width), _levels.AsSpan(0, width));
            _rows[row] = new RowRecord(grid, ToSymbols(grid, values, _symbols.AsSpan(row * width, width)));
            _rows[row].Write(_payload);
            CsrCoder.Write(_payload, values, _columns.AsSpan(0, rowOutlierCount));
            outlierCount += rowOutlierCount;
            tokensByBits[grid.Bits]++;
        }

        _symbolEncoder.Write(_payload, _rows.AsSpan(0, rows), _symbols.AsSpan(0, rows * width), width);
        return new FrameStatistics { Float16Bytes = 2L * hidden.Length, OutlierCount = outlierCount, TokensByBits = tokensByBits };
    }

    /// <summary>Joins levels and signs to symbols, and picks the table that codes them best.</summary>
    /// <returns>The shape of the table.</returns>
    private int ToSymbols(QuantizationGrid grid, ReadOnlySpan<float> values, Span<byte> symbols)
    {
        Span<int> levelCounts = stackalloc int[grid.LevelMax + 1];
        levelCounts.Clear();
        for (var column = 0; column < values.Length; column++)
        {
            var level = _levels[column];
            levelCounts[level]++;
            symbols[column] = (byte)grid.SymbolOf(level, values[column] < 0);
        }

        return TableFamily.Choose(grid, levelCounts);
    }

    private static EncodedFrame Seal(FrameCodec codec, ReadOnlySpan<byte> payload, int rows, int width, FrameStatistics statistics)
    {
        var header = new FrameHeader { Content = FrameContent.HiddenState, Codec = codec, Rows = rows, Width = width, PayloadBytes = payload.Length };
        Span<byte> headerBytes = stackalloc byte[FrameHeader.HeaderBytesMax];
        headerBytes = headerBytes[..header.Write(headerBytes)];
        var bytes = new byte[headerBytes.Length + payload.Length + FrameHeader.ChecksumBytes];
        headerBytes.CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(headerBytes.Length));
        var checksum = Crc32C.Compute(bytes.AsSpan(0, bytes.Length - FrameHeader.ChecksumBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - FrameHeader.ChecksumBytes), checksum);
        return new EncodedFrame(bytes, statistics with { FrameBytes = bytes.Length, PayloadBytes = payload.Length });
    }

    private ReadOnlySpan<byte> LittleEndian(ReadOnlySpan<float> hidden)
    {
        if (BitConverter.IsLittleEndian)
            return MemoryMarshal.AsBytes(hidden);
        _payload.ResetWrittenCount();
        foreach (var value in hidden)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_payload.GetSpan(sizeof(float)), value);
            _payload.Advance(sizeof(float));
        }

        return _payload.WrittenSpan;
    }

    private void Reserve(int rows, int width)
    {
        if (_levels.Length < width)
            (_magnitudes, _levels, _columns) = (new float[width], new byte[width], new int[width]);
        if (_symbols.Length < rows * width)
            _symbols = new byte[rows * width];
        if (_rows.Length < rows)
            _rows = new RowRecord[rows];
    }
}
