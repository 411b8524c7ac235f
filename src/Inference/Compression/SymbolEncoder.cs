using System.Buffers;

namespace SplitActors.Inference.Compression;

/// <summary>
/// The last section of a payload: one byte for the coding, then all symbols of all tokens.
/// rANS: column c belongs to stream c mod N; lengths of all streams but the last, then the streams. Packed, if that is shorter:
/// Q bits per symbol. Not safe for concurrent use.
/// </summary>
internal sealed class SymbolEncoder
{
    /// <summary>Set in the coding byte for bit packing; the rest is then 0, and otherwise log2 of the number of streams.</summary>
    public const byte PackedCoding = 0x80;

    /// <summary>The coding byte itself.</summary>
    public const int CodingBytes = 1;

    /// <summary>Most streams that a frame may have: 2^5.</summary>
    public const int StreamCountLog2Max = 5;

    // A stream costs two or three bytes, and lets the decoder overlap one more chain of dependent steps.
    private const int FourStreamsSymbolsMin = 4096;
    private const int EightStreamsSymbolsMin = 65536;

    private byte[] _scratch = [];

    /// <summary>Appends the section.</summary>
    /// <param name="writer">The payload so far.</param>
    /// <param name="rows">[rows]</param>
    /// <param name="symbols">[rows, width]</param>
    /// <param name="width">Values per row.</param>
    public void Write(IBufferWriter<byte> writer, ReadOnlySpan<RowRecord> rows, ReadOnlySpan<byte> symbols, int width)
    {
        var streamCountLog2 = symbols.Length < FourStreamsSymbolsMin ? 0 : symbols.Length < EightStreamsSymbolsMin ? 2 : 3;
        var streamCount = 1 << streamCountLog2;
        Span<int> starts = stackalloc int[streamCount + 1];
        var bytesMax = (symbols.Length * RansEncoder.SymbolBytesMax) + (streamCount * RansEncoder.FlushBytesMax);
        if (_scratch.Length < bytesMax)
            _scratch = new byte[bytesMax];

        starts[streamCount] = bytesMax;
        for (var stream = streamCount - 1; stream >= 0; stream--)
            starts[stream] = EncodeStream(_scratch.AsSpan(0, starts[stream + 1]), rows, symbols, width, stream, streamCount);
        var codedBytes = bytesMax - starts[0];
        if (PackedBytes(rows, width) <= codedBytes)
        {
            Pack(writer, rows, symbols, width);
            return;
        }

        writer.GetSpan(CodingBytes)[0] = (byte)streamCountLog2;
        writer.Advance(CodingBytes);
        for (var stream = 0; stream < streamCount - 1; stream++)
            VarInt.Write(writer, (uint)(starts[stream + 1] - starts[stream]));
        writer.Write(_scratch.AsSpan(starts[0], codedBytes));
    }

    /// <summary>Bytes of the packed form: Q bits for every symbol of every row that is not all zero.</summary>
    public static long PackedBytes(ReadOnlySpan<RowRecord> rows, int width)
    {
        var bits = 0L;
        foreach (var row in rows)
            bits += PackedBits(row, width);
        return (bits + 7) / 8;
    }

    public static long PackedBits(RowRecord row, int width) => row.Grid.IsZero ? 0 : (long)row.Grid.Bits * width;

    /// <summary>Fills the end of <paramref name="buffer"/> with one stream and returns where it starts.</summary>
    private static int EncodeStream(Span<byte> buffer, ReadOnlySpan<RowRecord> rows, ReadOnlySpan<byte> symbols, int width, int stream, int streamCount)
    {
        var encoder = new RansEncoder(buffer);
        var lastColumn = width - 1 - ((width - 1 - stream) & (streamCount - 1));
        for (var row = rows.Length - 1; row >= 0; row--)
        {
            if (rows[row].Grid.IsZero)
                continue;
            var table = TableFamily.For(rows[row].Grid, rows[row].Shape);
            var rowSymbols = symbols.Slice(row * width, width);
            for (var column = lastColumn; column >= 0; column -= streamCount)
                encoder.Put(table, rowSymbols[column]);
        }

        encoder.Finish();
        return encoder.Start;
    }

    private static void Pack(IBufferWriter<byte> writer, ReadOnlySpan<RowRecord> rows, ReadOnlySpan<byte> symbols, int width)
    {
        var byteCount = CodingBytes + (int)PackedBytes(rows, width);
        var bytes = writer.GetSpan(byteCount)[..byteCount];
        bytes.Clear();
        bytes[0] = PackedCoding;
        var packed = new BitWriter(bytes[CodingBytes..]);
        for (var row = 0; row < rows.Length; row++)
        {
            if (rows[row].Grid.IsZero)
                continue;
            foreach (var symbol in symbols.Slice(row * width, width))
                packed.Write(symbol, rows[row].Grid.Bits);
        }

        writer.Advance(byteCount);
    }
}
