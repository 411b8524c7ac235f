using System.Buffers.Binary;

namespace SplitActors.Inference.Compression.Version1;

/// <summary>
/// One row of the compressed sparse row (CSR) matrix of values at or above τ: count, column deltas (varints), values (float32, bit for bit).
/// The first delta is the first column; each further one is the gap to the column before, less one.
/// </summary>
internal static class CsrReader
{
    /// <summary>Moves past one row. False if it is malformed for this width.</summary>
    public static bool TrySkip(ref ByteReader reader, int width) => TryRead(ref reader, width, []);

    /// <summary>Writes one row's values over <paramref name="row"/>, which is [width], or empty to check them only.</summary>
    public static bool TryRead(ref ByteReader reader, int width, Span<float> row)
    {
        if (!reader.TryReadVarInt(out var count) || count > (uint)width)
            return false;
        var deltas = reader;
        var next = 0L;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadVarInt(out var delta) || (next += delta + 1L) > width)
                return false;
        }

        if (!reader.TryReadBytes((long)count * sizeof(float), out var values))
            return false;
        if (row.IsEmpty)
            return true;
        var column = -1;
        for (; !values.IsEmpty; values = values[sizeof(float)..])
        {
            _ = deltas.TryReadVarInt(out var delta);
            column += (int)delta + 1;
            row[column] = BinaryPrimitives.ReadSingleLittleEndian(values);
        }

        return true;
    }
}
