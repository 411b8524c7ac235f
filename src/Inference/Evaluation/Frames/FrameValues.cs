using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>All values that a frame without a calibration decodes to, of either content.</summary>
internal static class FrameValues
{
    /// <param name="frame">Any bytes.</param>
    /// <param name="summary">Of the values, if the status is <see cref="DecodeStatus.Ok"/>.</param>
    public static DecodeStatus TrySummarize(ReadOnlySpan<byte> frame, out FrameSummary? summary)
    {
        summary = null;
        var status = FrameDecoder.TryOpen(frame, calibration: null, out var header, out var payload);
        if (status != DecodeStatus.Ok)
            return status;
        float[] values;
        if (header.Content == FrameContent.HiddenState)
        {
            values = new float[header.ValueCount];
            status = FrameDecoder.Decode(frame, values, out _);
        }
        else
        {
            status = DecodeKeysAndValues(header, payload, out values);
        }

        if (status == DecodeStatus.Ok)
            summary = Summarize(header, values);
        return status;
    }

    /// <summary>As <see cref="KvFrameDecoder"/> does, without a cache, which would have to hold all positions before the frame's first.</summary>
    private static DecodeStatus DecodeKeysAndValues(FrameHeader header, ReadOnlySpan<byte> payload, out float[] values)
    {
        values = [];
        var reader = new ByteReader(payload);
        var status = KvFrameShape.TryRead(header, ref reader, out var shape);
        if (status != DecodeStatus.Ok)
            return status;
        values = new float[shape.VectorCount * shape.HeadDim];
        var isWhole = header.Codec == FrameCodec.None
            ? KvVectors.TryDequantize(reader.Remaining, shape, values)
            : TabqDecoder.TryDecode(reader.Remaining, values, shape.Matrix.Width);
        return isWhole ? DecodeStatus.Ok : DecodeStatus.Malformed;
    }

    private static FrameSummary Summarize(FrameHeader header, ReadOnlySpan<float> values)
    {
        var (min, max, energy, count) = (float.PositiveInfinity, float.NegativeInfinity, 0.0, 0);
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
                continue;
            (min, max) = (MathF.Min(min, value), MathF.Max(max, value));
            energy += (double)value * value;
            count++;
        }

        var width = values.Length / header.Rows;
        return count == 0
            ? new FrameSummary(header.Content, header.Rows, width, Min: 0, Max: 0, RootMeanSquare: 0)
            : new FrameSummary(header.Content, header.Rows, width, min, max, Math.Sqrt(energy / count));
    }
}
