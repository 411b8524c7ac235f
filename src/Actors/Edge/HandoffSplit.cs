using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Planning.Traffic;

namespace SplitActors.Actors.Edge;

/// <summary>A split that a device can hand over at: the ℓ of an exit (w, ℓ).</summary>
/// <param name="SplitLayer">ℓ: layers that stay on the device; 0: none.</param>
/// <param name="Compression">Of hidden states at this split.</param>
/// <param name="TokenBytes">What a token's hidden state, or its id where no layer stays, is expected to take in a frame; 0 where no deadline asks for it.</param>
public sealed record HandoffSplit(int SplitLayer, Compression Compression, double TokenBytes)
{
    private const int TokenIdBytes = 4;

    /// <summary>
    /// The plan's split and, if a deadline lets the device choose, the deeper ones: a worker that serves a split serves those too, and a device that has run all
    /// layers has their keys and values. Splits at which the plan's compression cannot be used are left out.
    /// </summary>
    /// <param name="target">The plan after the hand-off.</param>
    /// <param name="options">Of the device.</param>
    /// <param name="layerMax">Most layers that the device has room for.</param>
    public static ImmutableArray<HandoffSplit> Of(Plan target, HandoffOptions options, int layerMax)
    {
        var (first, wanted) = ((int)target.SplitLayer, target.Compression.ToOptions());
        var last = options.Deadline is null || first == 0 ? first : Math.Max(first, Math.Min(layerMax, options.Config.LayerCount - 1));
        return
        [
            .. from layer in Enumerable.Range(first, last - first + 1)
               let calibration = layer == 0 ? null : options.CalibrationOf?.Invoke(layer)
               let settings = layer == first ? wanted : SettingsAt(calibration, wanted)
               where settings is not null
               let bytes = options.Deadline is null ? 0 : layer == 0 ? TokenIdBytes : TokenBytesOf(options.Config.HiddenSize, settings, calibration)
               select new HandoffSplit(layer, layer == first ? target.Compression : settings.ToMessage(), bytes),
        ];
    }

    /// <summary>The same compression at another split: for the same quality where one was asked for, else with the same settings. Null if it cannot be had there.</summary>
    private static CompressionOptions? SettingsAt(SplitCalibration? calibration, CompressionOptions wanted)
    {
        if (wanted is { Quality: { } quality, Codec: FrameCodec.RateDistortion })
        {
            var transform = wanted.RateDistortion.Transform;
            return calibration?.Steps.Any(step => step.Quality == quality && step.RateDistortion.Transform == transform) == true
                ? calibration.RateDistortionFor(quality, transform) with { SharesPromptTokens = wanted.SharesPromptTokens }
                : null;
        }

        if (wanted is { Quality: { } ofTabq, Codec: FrameCodec.Tabq })
            return calibration?.Tabq.Any(setting => setting.Quality == ofTabq) == true ? calibration.TabqFor(ofTabq) : null;
        return wanted.CalibrationId == 0 || (calibration?.Id == wanted.CalibrationId && calibration.Has(wanted.RateDistortion.Transform)) ? wanted : null;
    }

    /// <summary>Without rotation or prediction, whose matrices would be made for every split, and which take bytes away only.</summary>
    private static double TokenBytesOf(int width, CompressionOptions settings, SplitCalibration? calibration)
    {
        var (step, transform) = (settings.RateDistortion.RelativeStep, settings.RateDistortion.Transform);
        var plain = settings with { RateDistortion = new RateDistortionOptions(step, transform > RateDistortionTransform.Columns ? RateDistortionTransform.Columns : transform) };
        return HiddenStateEstimate.TokenBytes(width, plain, calibration);
    }
}
