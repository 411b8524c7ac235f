using System.Buffers;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.Entropy;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>Reads a rate–distortion payload. The first pass checks the records and finds the symbols, the second decodes; neither allocates.</summary>
internal static class RateDistortionDecoder
{
    private const int BlockRows = 16; // rotated at a time

    /// <param name="payload">Any bytes.</param>
    /// <param name="hidden">[rows, width] Receives the hidden states.</param>
    /// <param name="width">Values per row.</param>
    /// <param name="calibration">Of the split; null for none.</param>
    /// <param name="embeddings">[rows, width] The embedding of each token; empty where they are not known.</param>
    public static DecodeStatus Decode(
        ReadOnlySpan<byte> payload, Span<float> hidden, int width, SplitCalibration? calibration, ReadOnlySpan<float> embeddings)
    {
        var reader = new ByteReader(payload);
        if (!FrameSetting.TryRead(ref reader, out var setting))
            return DecodeStatus.Malformed;
        HiddenStateTransform? transform = null;
        if (setting.Transform != RateDistortionTransform.None)
        {
            transform = calibration?.Transform(setting.Transform);
            if (transform is null || transform.Width != width || (transform.Predicts && embeddings.Length != hidden.Length))
                return DecodeStatus.MissingContext;
        }

        if (transform is null)
            return TryDecode(reader, hidden, width, setting, transform, []) ? DecodeStatus.Ok : DecodeStatus.Malformed;
        var tables = ArrayPool<ushort>.Shared.Rent(width);
        ColumnTables.Fill(setting, transform.Offsets, tables.AsSpan(0, width));
        var isWhole = TryDecode(reader, hidden, width, setting, transform, tables.AsSpan(0, width));
        ArrayPool<ushort>.Shared.Return(tables);
        if (isWhole && transform.Rotates)
            Rotate(hidden, embeddings, transform);
        return isWhole ? DecodeStatus.Ok : DecodeStatus.Malformed;
    }

    /// <param name="columnTables">[width] With a transform; else empty.</param>
    private static bool TryDecode(
        ByteReader records, Span<float> hidden, int width, FrameSetting setting, HiddenStateTransform? transform, ReadOnlySpan<ushort> columnTables)
    {
        var symbolCount = 0L;
        var reader = records;
        for (var row = 0; row < hidden.Length; row += width)
        {
            if (!TokenRecord.TryRead(ref reader, out var token) || (token.HasOutliers && !OutlierCoder.TrySkip(ref reader, width, out _)))
                return false;
            symbolCount += token.IsZero ? 0 : width;
        }

        if (!RansDecoder.TryOpen(reader.Remaining, symbolCount, out var symbols))
            return false;
        ReadOnlySpan<float> mean = transform is { Rotates: false } ? transform.Mean : [];
        var shape = SpreadTables.For(setting.Shape).Tables;
        for (; !hidden.IsEmpty; hidden = hidden[width..])
        {
            var row = hidden[..width];
            _ = TokenRecord.TryRead(ref records, out var token);
            if (token.IsZero)
            {
                row.Clear();
            }
            else
            {
                if (transform is null)
                    symbols.Decode(SymbolMap.SymbolsOf(row), shape, SpreadTables.TableOf(setting.Spread, offset: 0));
                else
                    symbols.Decode(SymbolMap.SymbolsOf(row), shape, columnTables);
                LevelQuantizer.ToValues(row, StepGrid.Value(token.Step));
            }

            if (!mean.IsEmpty)
                LevelQuantizer.Add(row, mean);
            if (token.HasOutliers)
                _ = OutlierCoder.TryRead(ref records, width, row, out _);
        }

        return symbols.IsFinished;
    }

    private static void Rotate(Span<float> hidden, ReadOnlySpan<float> embeddings, HiddenStateTransform transform)
    {
        var block = BlockRows * transform.Width;
        var scratch = ArrayPool<float>.Shared.Rent(block);
        for (var start = 0; start < hidden.Length; start += block)
        {
            var count = Math.Min(block, hidden.Length - start);
            transform.Inverse(hidden.Slice(start, count), transform.Predicts ? embeddings.Slice(start, count) : [], scratch.AsSpan(0, count));
        }

        ArrayPool<float>.Shared.Return(scratch);
    }
}
