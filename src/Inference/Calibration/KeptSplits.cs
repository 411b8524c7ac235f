using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// What stays of a calibration file when some of its splits are calibrated anew: the others, if they were made of the same model and text in the same way. Work of
/// hours is not dropped without a word: where they cannot stay, all of them must be calibrated.
/// </summary>
internal static class KeptSplits
{
    private const string NextStep = "Calibrate all of its splits, repeat the options that it was made with, or name another file with --out.";

    /// <param name="path">The file; it need not be there.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="summary">Of what the calibration at work is made.</param>
    /// <param name="options">Of the calibration at work.</param>
    /// <exception cref="UserErrorException">The file has other splits than those at work, and they cannot stay.</exception>
    public static IReadOnlyList<(SplitTensors Tensors, SplitCalibration Settings)> Of(
        string path, Checkpoint checkpoint, CalibrationSummary summary, CalibrationOptions options)
    {
        if (!File.Exists(path) || options.SplitLayers.Distinct().Count() == checkpoint.Config.LayerCount - 1)
            return [];
        var (earlier, splits) = Read(path, checkpoint);
        var others = splits.Where(split => !options.SplitLayers.Contains(split.Settings.SplitLayer)).ToList();
        if (others.Count > 0 && Difference(earlier, others, summary, options) is { } difference)
            throw Refusal(path, $"a calibration whose split {string.Join(", ", others.Select(split => split.Settings.SplitLayer))} can be kept", difference);
        return others;
    }

    private static (CalibrationSummary Summary, List<(SplitTensors Tensors, SplitCalibration Settings)> Splits) Read(string path, Checkpoint checkpoint)
    {
        try
        {
            return ModelCalibration.Read(path, checkpoint, reader => reader.Splits(id: 0, only: null).ToList());
        }
        catch (UserErrorException e)
        {
            throw Refusal(path, "a calibration of this model, whose other splits can be kept", $"a file that is damaged or not one ({e.Place})", e);
        }
    }

    /// <summary>Null if there is none that matters.</summary>
    private static string? Difference(
        CalibrationSummary earlier, IEnumerable<(SplitTensors Tensors, SplitCalibration Settings)> others, CalibrationSummary summary, CalibrationOptions options)
    {
        if (earlier.ModelDigest != summary.ModelDigest)
            return "one of the model that this package was made of";
        if (earlier.TextDigest != summary.TextDigest)
            return "one of another text";
        if (earlier != summary)
            return $"one of {earlier.StatisticsTokens} and {earlier.QualityTokens} tokens, not {summary.StatisticsTokens} and {summary.QualityTokens} (--tokens)";
        return others.Any(split => split.Settings.Has(RateDistortionTransform.KarhunenLoeve) != options.WithKarhunenLoeve) ? "one with another --klt"
            : others.Any(split => split.Settings.Has(RateDistortionTransform.Prediction) != options.WithPrediction) ? "one with another --prediction"
            : null;
    }

    private static UserErrorException Refusal(string path, string expected, string found, Exception? cause = null) =>
        new(UserErrorKind.Output, path, expected, found, NextStep, cause);
}
