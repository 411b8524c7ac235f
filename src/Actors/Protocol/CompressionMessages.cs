using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Actors.Protocol;

public static class CompressionMessages
{
    public static Compression ToMessage(this CompressionOptions options)
    {
        var message = new Compression
        {
            Codec = (Codec)options.Codec,
            Threshold = options.Tabq.Threshold.Value,
            ThresholdUnit = (ThresholdUnit)options.Tabq.Threshold.Unit,
            DistortionTolerance = options.Tabq.DistortionTolerance,
            BitsMax = (uint)options.Tabq.BitsMax,
            BitsMin = (uint)options.Tabq.BitsMin,
            RelativeStep = options.RateDistortion.RelativeStep,
            Transform = (Transform)options.RateDistortion.Transform,
            SharesPromptTokens = options.SharesPromptTokens,
        };
        if (options.CalibrationId != 0)
            message.CalibrationId = options.CalibrationId;
        if (options.Quality is { } quality)
            message.QualityPercent = quality.RisePercent;
        if (options.ExpectedRisePercent is { } rise)
            message.ExpectedRisePercent = rise;
        return message;
    }

    /// <summary>None, as a plan for the device alone may have it, means no compression.</summary>
    /// <exception cref="UserErrorException">A value is out of its range.</exception>
    public static CompressionOptions ToOptions(this Compression? message)
    {
        if (message is null || message.Codec == Codec.Raw)
            return CompressionOptions.Lossless;
        if (!Enum.IsDefined(message.Codec) || !Enum.IsDefined(message.Transform))
        {
            throw new UserErrorException(
                UserErrorKind.Options, "The plan's compression", "a codec and a transform of this version", $"{message.Codec}, {message.Transform}", "Update the device.");
        }

        var options = new CompressionOptions((FrameCodec)message.Codec, message.Codec == Codec.Tabq ? ToTabq(message) : new TabqOptions())
        {
            CalibrationId = message.CalibrationId,
            SharesPromptTokens = message.SharesPromptTokens,
            Quality = message.HasQualityPercent ? new QualityTarget(message.QualityPercent) : null,
            ExpectedRisePercent = message.HasExpectedRisePercent ? message.ExpectedRisePercent : null,
        };
        return message.Codec == Codec.RateDistortion
            ? options with { RateDistortion = new RateDistortionOptions(message.RelativeStep, (RateDistortionTransform)message.Transform) }
            : options;
    }

    private static TabqOptions ToTabq(Compression message)
    {
        var threshold = Threshold.Of(message.Threshold, (Inference.Compression.ThresholdUnit)message.ThresholdUnit);
        return new TabqOptions(threshold, message.DistortionTolerance, (int)message.BitsMax, (int)message.BitsMin);
    }
}
