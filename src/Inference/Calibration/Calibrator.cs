using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// Makes the calibration of a model from a text: means, deviations, eigenvectors and predictions from its first four fifths, and from the rest, which is held
/// back, what each quality allows.
/// </summary>
public sealed class Calibrator
{
    private const int QualityTokensMax = 12_264; // 24 windows of the embedded model
    private const int WindowTokensMax = 1024;
    private const double StatisticsShare = 0.25; // of the time for a split

    /// <summary>Measured for every transform.</summary>
    private static readonly double[] Steps = [0.25, 0.4, 0.6, 0.9, 1.3];

    private readonly Checkpoint _checkpoint;
    private readonly CalibrationOptions _options;
    private readonly IProgress<CalibrationProgress>? _progress;
    private readonly int[] _statisticsText;
    private readonly int[] _qualityText;
    private readonly int _windowTokens;

    private Calibrator(Checkpoint checkpoint, int[] tokens, CalibrationOptions options, IProgress<CalibrationProgress>? progress)
    {
        (_checkpoint, _options, _progress) = (checkpoint, options, progress);
        _windowTokens = Math.Min(checkpoint.Config.ContextLength - 1, WindowTokensMax);
        var held = Math.Min(tokens.Length / 5, QualityTokensMax);
        (_statisticsText, _qualityText) = (tokens[..^held], tokens[^held..]);
    }

    /// <summary>Calibrates and writes the file, which is there as a whole or not at all.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="text">Like what the model will be used for, and not what its quality will be judged on.</param>
    /// <param name="textPlace">Of the text, for messages.</param>
    /// <param name="path">File to write; of one that is there, splits that are not calibrated stay (<see cref="KeptSplits"/>).</param>
    /// <param name="options">What to calibrate.</param>
    /// <param name="progress">Told several times a split; an exception of its ends the work and leaves nothing.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="UserErrorException">
    /// The text is too short, a split has no layers on one side, the model is damaged, the place cannot be written, or other splits there cannot stay.
    /// </exception>
    public static ModelCalibration Run(
        Checkpoint checkpoint, string text, string textPlace, string path, CalibrationOptions options, IProgress<CalibrationProgress>? progress = null)
    {
        var layerCount = checkpoint.Config.LayerCount;
        if (layerCount < 2)
            throw new UserErrorException(UserErrorKind.Options, "--model", "a model with at least 2 layers, to be split between them", $"{layerCount}", "Name another model.");
        foreach (var splitLayer in options.SplitLayers.Where(layer => layer < 1 || layer >= layerCount))
            throw new UserErrorException(UserErrorKind.Options, "--split", $"1 to {layerCount - 1}, which leaves layers on both sides", $"{splitLayer}", "Correct it.");
        var tokens = Tokenizer.Load(checkpoint).Encode(text, addSpecialTokens: false, parseSpecialTokens: false);
        tokens = tokens[..Math.Min(tokens.Length, options.TokenCountMax)];
        if (tokens.Length < CalibrationOptions.TokenCountMin)
        {
            throw new UserErrorException(
                UserErrorKind.Prompt, textPlace, $"a text of at least {CalibrationOptions.TokenCountMin} tokens", $"{tokens.Length} tokens", "Give a longer text.");
        }

        var calibrator = new Calibrator(checkpoint, tokens, options, progress);
        var textDigest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var summary = new CalibrationSummary(
            ModelDigest.Of(checkpoint).Hex, textDigest, calibrator._statisticsText.Length, calibrator._qualityText.Length);
        var kept = KeptSplits.Of(path, checkpoint, summary, options);
        using (var writer = new CalibrationWriter(path))
        {
            var splits = options.SplitLayers.Select(calibrator.Calibrate).ToList();
            writer.Write(summary, [.. kept.Concat(splits).OrderBy(split => split.Settings.SplitLayer)]);
        }

        return ModelCalibration.Open(path, checkpoint);
    }

    private (SplitTensors Tensors, SplitCalibration Settings) Calibrate(int splitLayer, int index)
    {
        using var evaluation = new SplitEvaluation(_checkpoint, splitLayer, _windowTokens, _options.Threads);
        var moments = new WeightedMoments(_checkpoint.Config.HiddenSize, _options.WithKarhunenLoeve || _options.WithPrediction, _options.WithPrediction);
        var (done, windowCount) = (0, (_statisticsText.Length + _windowTokens - 1) / _windowTokens);
        evaluation.Accumulate(_statisticsText, moments, () => Report("statistics", StatisticsShare * 0.8 * ++done / windowCount));
        var decomposition = new ShareProgress(share => Report("eigenvectors", StatisticsShare * (0.8 + (0.2 * share))));
        var tensors = SplitStatistics.Of(moments, _options.WithKarhunenLoeve, _options.WithPrediction, decomposition);
        var calibration = new SplitCalibration(splitLayer, id: 0, tensors, [], []);

        evaluation.Keep(_qualityText);
        var transforms = Enum.GetValues<RateDistortionTransform>().Where(calibration.Has).ToList();
        var (measured, measurements) = (0, (transforms.Count * Steps.Length) + TabqSearch.Candidates.Count);
        var steps = transforms.SelectMany(transform => StepsOf(transform, Measure)).ToList();
        var tabq = TabqSearch.Run(setting => Measure(new CompressionOptions(FrameCodec.Tabq, setting)));
        return (tensors, new SplitCalibration(splitLayer, id: 0, tensors, steps, tabq));

        SettingCost Measure(CompressionOptions options)
        {
            var cost = evaluation.Measure(options, calibration);
            Report("quality", StatisticsShare + ((1 - StatisticsShare) * ++measured / measurements));
            return cost;
        }

        void Report(string work, double share) =>
            _progress?.Report(new CalibrationProgress(splitLayer, work, (index + share) / _options.SplitLayers.Count, share == 1));
    }

    /// <summary>Measures a few steps, and takes from the curve through them the step of each quality.</summary>
    private static IEnumerable<CalibratedStep> StepsOf(RateDistortionTransform transform, Func<CompressionOptions, SettingCost> measure)
    {
        var curve = new QualityCurve([.. Steps.Select(step =>
        {
            var cost = measure(new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions())
            {
                RateDistortion = new RateDistortionOptions((float)step, transform),
            });
            return (step, cost.RisePercent, cost.StandardErrorPercent);
        })]);
        foreach (var target in QualityTarget.All)
        {
            var step = Math.Max((float)curve.StepFor(target), RateDistortionOptions.RelativeStepMin);
            var (rise, error) = curve.At(step);
            yield return new CalibratedStep(target, new RateDistortionOptions(step, transform), rise, error);
        }
    }

    private sealed class ShareProgress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
