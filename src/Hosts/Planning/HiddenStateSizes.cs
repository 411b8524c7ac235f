using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Planning.Accuracy;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Planning.Traffic;

namespace SplitActors.Hosts.Planning;

/// <summary>What a decoded token's hidden state takes on the link at each split: measured, or else estimated.</summary>
/// <param name="Traffic">With messages' headers.</param>
/// <param name="MeasuredCount">Splits at which it was measured.</param>
/// <param name="CalibratedCount">Splits at which it is estimated by the model's calibration.</param>
internal sealed record HiddenStateSizes(TokenTraffic Traffic, int MeasuredCount, int CalibratedCount)
{
    // What a session's bill counts beside its frames, in messages of one token.
    private const int MessageBytes = 19;
    private const int TokenIdBytes = 23;

    /// <summary>In words.</summary>
    public string Description
    {
        get
        {
            var splitCount = Traffic.HiddenStateBytes.Count;
            if (splitCount == 0)
                return "no split";
            var (low, high) = (Traffic.HiddenStateBytes.Min(), Traffic.HiddenStateBytes.Max());
            var bytes = low == high ? $"{low}" : $"{low} to {high}";
            var origin = MeasuredCount == splitCount ? "measured"
                : MeasuredCount + CalibratedCount == splitCount ? MeasuredCount > 0 ? "measured, or estimated from the calibration" : "estimated from the calibration"
                : CalibratedCount + MeasuredCount > 0 ? "estimated, partly without a calibration"
                : "estimated without a calibration";
            return $"{bytes} bytes per token, {origin}; with {MessageBytes} of the message around it";
        }
    }

    /// <param name="layerCount">L</param>
    /// <param name="width">d</param>
    /// <param name="calibration">Null for none.</param>
    /// <param name="accuracy">Knows what was measured.</param>
    /// <param name="optionsFor">Codec and settings of a split, as a session has them.</param>
    public static HiddenStateSizes Of(
        int layerCount, int width, ModelCalibration? calibration, AdditiveAccuracy accuracy, Func<SplitCalibration?, CompressionOptions> optionsFor)
    {
        var bytes = new long[layerCount - 1];
        var (measuredCount, calibratedCount) = (0, 0);
        double? uncalibrated = null; // the same at every split
        for (var split = 1; split < layerCount; split++)
        {
            double size;
            if (accuracy.MeasuredStates(split) is { } measured)
            {
                (size, measuredCount) = (measured.TokenBytes, measuredCount + 1);
            }
            else if (calibration?.For(split) is { } calibrated)
            {
                (size, calibratedCount) = (HiddenStateEstimate.TokenBytes(width, optionsFor(calibrated), calibrated), calibratedCount + 1);
            }
            else
            {
                size = uncalibrated ??= HiddenStateEstimate.TokenBytes(width, optionsFor(null), calibration: null);
            }

            bytes[split - 1] = (long)Math.Ceiling(size) + MessageBytes;
        }

        return new HiddenStateSizes(new TokenTraffic(bytes, TokenIdBytes), measuredCount, calibratedCount);
    }
}
