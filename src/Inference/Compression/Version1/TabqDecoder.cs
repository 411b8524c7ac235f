namespace SplitActors.Inference.Compression.Version1;

/// <summary>
/// Reads a TAB-Q payload: per token a <see cref="RowRecord"/> and a CSR row, then the symbols of all tokens.
/// The first pass checks the records and finds the symbols, the second decodes; neither allocates.
/// </summary>
internal static class TabqDecoder
{
    /// <summary>The coding byte of bit packing; otherwise it is log2 of the number of streams.</summary>
    private const byte PackedCoding = 0x80;

    /// <summary>Most streams that a frame may have: 2^5.</summary>
    private const int StreamCountLog2Max = 5;

    /// <summary>Least bytes of a payload for so many rows.</summary>
    public static ulong PayloadBytesMin(uint rows) => 1 + ((ulong)rows * RowRecord.BytesMin);

    /// <param name="payload">Any bytes.</param>
    /// <param name="hidden">[rows, width] Receives the hidden states.</param>
    /// <param name="width">Values per row.</param>
    /// <returns>False if no encoder writes these bytes.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, Span<float> hidden, int width)
    {
        var reader = new ByteReader(payload);
        var packedBits = 0L;
        for (var row = 0; row < hidden.Length; row += width)
        {
            if (!RowRecord.TryRead(ref reader, out var record) || !CsrReader.TrySkip(ref reader, width))
                return false;
            packedBits += record.Grid.IsZero ? 0 : (long)record.Grid.Bits * width;
        }

        var records = new ByteReader(payload);
        if (!reader.TryReadByte(out var coding))
            return false;
        if (coding == PackedCoding)
            return reader.Remaining.Length == (packedBits + 7) / 8 && TryUnpack(records, reader.Remaining, hidden, width);
        return coding <= StreamCountLog2Max && TryDecodeStreams(records, reader, 1 << coding, hidden, width);
    }

    private static bool TryUnpack(ByteReader records, ReadOnlySpan<byte> packed, Span<float> hidden, int width)
    {
        var bits = new BitReader(packed);
        Span<float> values = stackalloc float[1 << TabqOptions.BitsHighest];  // [symbol]
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            _ = RowRecord.TryRead(ref records, out var record);
            var row = hidden[..width];
            var count = FillValues(record.Grid, values);
            for (var column = 0; column < width; column++)
            {
                var symbol = record.Grid.IsZero ? 0 : bits.Read(record.Grid.Bits);
                if (symbol >= count)
                    return false;
                row[column] = values[symbol];
            }

            _ = CsrReader.TryRead(ref records, width, row);
        }

        return bits.IsFinished;
    }

    private static bool TryDecodeStreams(ByteReader records, ByteReader lengths, int streamCount, Span<float> hidden, int width)
    {
        Span<RansDecoder> streams = stackalloc RansDecoder[1 << StreamCountLog2Max];
        streams = streams[..streamCount];
        if (!TryOpenStreams(lengths, streams, out var bytes))
            return false;
        Span<float> values = stackalloc float[1 << TabqOptions.BitsHighest];  // [symbol]
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            _ = RowRecord.TryRead(ref records, out var record);
            var row = hidden[..width];
            if (record.Grid.IsZero)
            {
                row.Clear();
            }
            else
            {
                _ = FillValues(record.Grid, values);
                var slots = TableFamily.For(record.Grid).SlotsOf(record.Shape);
                for (var column = 0; column < width; column++)
                    row[column] = values[streams[column & (streamCount - 1)].Get(bytes, slots)];
            }

            _ = CsrReader.TryRead(ref records, width, row);
        }

        foreach (var stream in streams)
        {
            if (!stream.IsFinished)
                return false;
        }

        return true;
    }

    /// <summary>Reads the lengths of all streams but the last, which takes the rest.</summary>
    private static bool TryOpenStreams(ByteReader lengths, Span<RansDecoder> streams, out ReadOnlySpan<byte> bytes)
    {
        Span<int> ends = stackalloc int[1 << StreamCountLog2Max];
        var end = 0L;
        bytes = default;
        for (var stream = 0; stream < streams.Length - 1; stream++)
        {
            if (!lengths.TryReadVarInt(out var length) || (end += length) > FrameLimits.PayloadBytesMax)
                return false;
            ends[stream] = (int)end;
        }

        bytes = lengths.Remaining;
        if (end > bytes.Length)
            return false;
        ends[streams.Length - 1] = bytes.Length;
        for (var stream = 0; stream < streams.Length; stream++)
            streams[stream] = new RansDecoder(bytes, stream == 0 ? 0 : ends[stream - 1], ends[stream]);
        return true;
    }

    /// <summary>The value of every symbol; returns how many there are.</summary>
    private static int FillValues(QuantizationGrid grid, Span<float> values)
    {
        if (grid.IsZero)
        {
            values[0] = 0;
            return 1;
        }

        for (var symbol = 0; symbol < grid.SymbolCount; symbol++)
            values[symbol] = grid.Dequantize(symbol);
        return grid.SymbolCount;
    }
}
