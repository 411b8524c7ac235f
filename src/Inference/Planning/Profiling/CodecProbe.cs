using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Planning.Traffic;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>Measures what a token's hidden state takes to be encoded and decoded, with made-up states.</summary>
public static class CodecProbe
{
    /// <summary>Seconds of each.</summary>
    /// <param name="width">d</param>
    /// <param name="options">Codec and settings.</param>
    /// <param name="calibration">Of the split; null for none.</param>
    /// <param name="clock">Takes the times.</param>
    /// <param name="cancellation">Ends it between two frames.</param>
    public static (double Encode, double Decode) Measure(
        int width, CompressionOptions options, SplitCalibration? calibration, TimeProvider clock, CancellationToken cancellation = default)
    {
        var timer = new PassTimer(clock, cancellation);
        var states = HiddenStateEstimate.MadeUp(width, calibration).ToArray();
        var encoder = new HiddenStateEncoder(options, calibration);
        var frames = states.Select(state => encoder.Encode(state, 1, width).Bytes).ToArray();
        var (decoded, next) = (new float[width], 0);
        var encode = timer.SecondsAfterPause(() => encoder.Encode(states[next++ % states.Length], 1, width));
        var decode = timer.SecondsAfterPause(() => FrameDecoder.Decode(frames[next++ % frames.Length].Span, decoded, out _, calibration));
        return (encode, decode);
    }
}
