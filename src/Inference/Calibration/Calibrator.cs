using System.Security.Cryptography;
using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// Makes the calibration of a model from a text: means, deviations, eigenvectors and predictions from its first four fifths, and from the rest, which is held
/// back, what each quality allows. Goes through each part once for all splits that memory has room for, a window at a time.
/// </summary>
public sealed class Calibrator
{
    private const int PilotWindows = 16;         // whose spread tells how many are needed
    private const double MemoryShare = 0.25;     // for what splits keep at once
    private const double GoldenRatio = 0.618034; // windows that it steps over lie evenly, however many there are

    private readonly Checkpoint _checkpoint;
    private readonly CalibrationText _text;
    private readonly CalibrationOptions _options;
    private readonly int[][] _groups; // of splits that are calibrated at once, as memory has no room for more
    private readonly CalibrationWork _work;

    private Calibrator(Checkpoint checkpoint, CalibrationText text, CalibrationOptions options, IProgress<CalibrationProgress>? progress)
    {
        (_checkpoint, _text, _options) = (checkpoint, text, options);
        var splitBytes = Math.Max(SplitSample.BytesOf(Width, WithCovariance, options.WithPrediction), 1);
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * MemoryShare;
        var atOnce = (int)Math.Clamp(memory / splitBytes, 1, checkpoint.Config.LayerCount);
        _groups = [.. options.SplitLayers.Distinct().Order().Chunk(atOnce)];
        _work = new CalibrationWork(checkpoint.Config, options, text, _groups, progress);
    }

    private bool WithCovariance => _options.WithKarhunenLoeve || _options.WithPrediction;

    private int Width => _checkpoint.Config.HiddenSize;

    /// <summary>Calibrates and writes the file, which is there as a whole or not at all.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="text">Like what the model will be used for, and not what its quality will be judged on.</param>
    /// <param name="textPlace">Of the text, for messages.</param>
    /// <param name="path">File to write; of one that is there, splits that are not calibrated stay (<see cref="KeptSplits"/>).</param>
    /// <param name="options">What to calibrate.</param>
    /// <param name="progress">Told many times a window; an exception of its ends the work and leaves nothing.</param>
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
        var parts = CalibrationText.Of(tokens, textPlace, checkpoint.Config, options);
        var textDigest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var summary = new CalibrationSummary(ModelDigest.Of(checkpoint).Hex, textDigest, parts.Statistics.Length, parts.Quality.Length);
        var kept = KeptSplits.Of(path, checkpoint, summary, options);
        using (var writer = new CalibrationWriter(path))
        {
            var splits = new Calibrator(checkpoint, parts, options, progress).Calibrate();
            writer.Write(summary, [.. kept.Concat(splits).OrderBy(split => split.Settings.SplitLayer)]);
        }

        return ModelCalibration.Open(path, checkpoint);
    }

    private List<(SplitTensors Tensors, SplitCalibration Settings)> Calibrate()
    {
        var windowTokens = Math.Max(_text.StatisticsWindowTokens, _text.QualityWindowTokens);
        using var model = new LayerChain(_checkpoint, windowTokens, _options.Threads, progress: null);
        var splits = _groups.SelectMany(splitLayers => Measure(model, Gather(model, splitLayers))).ToList();
        _work.Finish();
        return splits;
    }

    /// <summary>The first part of the text: what is known of each split's hidden states.</summary>
    private SplitQuality[] Gather(LayerChain model, int[] splitLayers)
    {
        var (withPrediction, threads, windowTokens) = (_options.WithPrediction, _options.Threads, _text.StatisticsWindowTokens);
        SplitSample?[] samples = [.. splitLayers.Select(_ => new SplitSample(Width, WithCovariance, withPrediction, threads))];
        var windows = new TextWindows(_text.Statistics, windowTokens, model.Config.BosTokenId);
        var pass = new SplitPass(model, splitLayers, windowTokens);
        for (var start = 0; windows.TryRead(start, out var input, out _) && input.Length == windowTokens; start += input.Length)
        {
            pass.Run(input, (split, hidden, embeddings) => samples[split]!.Add(hidden, embeddings));
            _work.Gathered(splitLayers);
        }

        return [.. splitLayers.Select((splitLayer, split) =>
        {
            var sample = samples[split]!;
            samples[split] = null; // its sums are not needed any more
            var tensors = SplitStatistics.Of(sample, _options.WithKarhunenLoeve, withPrediction, threads, _work.Decomposition());
            var quality = new SplitQuality(splitLayer, tensors, sample.Magnitudes);
            _work.Found(splitLayer, quality.SettingCount);
            return quality;
        })];
    }

    /// <summary>The other part: what settings cost, until that is known well enough.</summary>
    private List<(SplitTensors Tensors, SplitCalibration Settings)> Measure(LayerChain model, SplitQuality[] splits)
    {
        var windowTokens = _text.QualityWindowTokens;
        var windows = new TextWindows(_text.Quality, windowTokens, model.Config.BosTokenId);
        var windowCount = (windows.TokenCount + windowTokens - 1) / windowTokens;
        var pass = new SplitPass(model, splits.Select(split => split.SplitLayer), windowTokens);
        var crossing = new FrameCrossing(Width, _options.Threads);
        var predictions = new WindowPredictions(windowTokens);
        var scratch = new float[windowTokens * Width];
        int[] needed = [.. splits.Select(_ => windowCount)];
        for (var done = 0; done < needed.Max(); done++)
        {
            if (done == PilotWindows)
            {
                needed = [.. splits.Select(split => Math.Clamp(split.WindowsNeeded(), done, windowCount))];
                foreach (var (split, count) in splits.Zip(needed))
                    _work.Spare(split.SplitLayer, split.SettingCount, (windowCount - count) * windowTokens);
            }

            _ = windows.TryRead(PlaceOf(done, windowCount) * windowTokens, out var input, out var following);
            var targets = following.ToArray();
            pass.Run(input, (split, hidden, embeddings) =>
            {
                if (done >= needed[split])
                    return;
                var layer = splits[split].SplitLayer;
                splits[split].Cross(model, crossing, hidden, embeddings, targets, scratch, predictions, () => _work.Measured(layer, targets.Length));
            });
            pass.Finish(targets, predictions);
            foreach (var split in splits.Where((_, split) => done < needed[split]))
                split.Add(predictions.LogLikelihood(targets.Length), targets.Length);
        }

        return splits.Select(split => split.Result()).ToList();
    }

    /// <summary>The window to take as the <paramref name="index"/>th: any number of first ones is spread over the whole text.</summary>
    private static int PlaceOf(int index, int windowCount)
    {
        var stride = Math.Max((int)(windowCount * GoldenRatio), 1);
        while (Gcd(stride, windowCount) != 1)
            stride++;
        return (int)((long)index * stride % windowCount);

        static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
    }
}
