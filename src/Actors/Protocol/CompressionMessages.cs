using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Protocol;

public static class CompressionMessages
{
    public static Compression ToMessage(this CompressionOptions options) => new()
    {
        Enabled = options.Codec == FrameCodec.Tabq,
        Threshold = options.Tabq.Threshold.Value,
        ThresholdUnit = (ThresholdUnit)options.Tabq.Threshold.Unit,
        DistortionTolerance = options.Tabq.DistortionTolerance,
        BitsMax = (uint)options.Tabq.BitsMax,
        BitsMin = (uint)options.Tabq.BitsMin,
    };

    /// <summary>None, as a plan for the device alone may have it, means no compression.</summary>
    /// <exception cref="Inference.UserErrorException">A value is out of its range.</exception>
    public static CompressionOptions ToOptions(this Compression? message)
    {
        if (message is not { Enabled: true })
            return CompressionOptions.Lossless;
        var threshold = Threshold.Of(message.Threshold, (Inference.Compression.ThresholdUnit)message.ThresholdUnit);
        return new CompressionOptions(
            FrameCodec.Tabq, new TabqOptions(threshold, message.DistortionTolerance, (int)message.BitsMax, (int)message.BitsMin));
    }
}
