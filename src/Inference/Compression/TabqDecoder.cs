using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Reads a TAB-Q payload. The first pass checks the records and finds the symbols, the second decodes; neither allocates.
/// </summary>
internal static class TabqDecoder
{
    /// <param name="payload">Any bytes.</param>
    /// <param name="hidden">[rows, width] Receives the hidden states.</param>
    /// <param name="width">Values per row.</param>
    /// <returns>False if no encoder writes these bytes.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, Span<float> hidden, int width)
    {
        var reader = new ByteReader(payload);
        var symbolCount = 0L;
        for (var row = 0; row < hidden.Length; row += width)
        {
            if (!RowRecord.TryRead(ref reader, out var record) || (record.HasOutliers && !OutlierCoder.TrySkip(ref reader, width, out _)))
                return false;
            symbolCount += record.Grid.IsZero ? 0 : width;
        }

        if (!RansDecoder.TryOpen(reader.Remaining, symbolCount, out var symbols))
            return false;
        for (var records = new ByteReader(payload); !hidden.IsEmpty; hidden = hidden[width..])
        {
            if (!TryDecodeRow(ref records, ref symbols, hidden[..width]))
                return false;
        }

        return symbols.IsFinished;
    }

    private static bool TryDecodeRow(ref ByteReader records, ref RansDecoder symbols, Span<float> row)
    {
        _ = RowRecord.TryRead(ref records, out var record);
        if (record.Grid.IsZero)
        {
            row.Clear();
        }
        else
        {
            symbols.Decode(SymbolMap.SymbolsOf(row), TableFamily.For(record.Grid), record.Shape);
            SymbolMap.ToValues(record.Grid, row);
        }

        return !record.HasOutliers || OutlierCoder.TryRead(ref records, row.Length, row, out _);
    }
}
