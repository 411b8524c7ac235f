using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Calibration;

/// <summary>Measures window by window what settings of the codecs cost at one split, and picks those that keep each quality.</summary>
internal sealed class SplitQuality
{
    /// <summary>Of a quality, what the margin for other texts may take where the text is long enough to measure better.</summary>
    private const double MarginShareMax = 0.4;

    private const int TabqStepCount = 10;
    private const double TabqErrorShareMin = 0.001; // candidates are taken as they are, so the finest must keep the strictest quality

    /// <summary>
    /// Parts of the median column's variance that the error of a measured step takes; what the qualities allow lies between.
    /// </summary>
    private static readonly double[] ErrorShares = [0.005, 0.0125, 0.03, 0.07, 0.14];

    private readonly SplitTensors _tensors;
    private readonly SplitCalibration _calibration; // without settings
    private readonly Setting[] _rateDistortion;
    private readonly Setting[] _tabq;

    /// <param name="splitLayer">Layers before the split.</param>
    /// <param name="tensors">What was found of its hidden states.</param>
    /// <param name="magnitudes">Likewise.</param>
    public SplitQuality(int splitLayer, SplitTensors tensors, MagnitudeHistogram magnitudes)
    {
        _tensors = tensors;
        _calibration = new SplitCalibration(splitLayer, id: 0, tensors, [], []);
        var spread = tensors.Deviation.Order().ElementAt(tensors.Deviation.Length / 2);
        _rateDistortion =
        [
            .. from transform in Enum.GetValues<RateDistortionTransform>().Where(_calibration.Has)
               from step in ErrorShares.Select(share => (float)StepFor(spread, share)).Distinct()
               select new Setting(_calibration.RateDistortionFor(new RateDistortionOptions(step, transform))),
        ];
        var (finest, coarsest) = (StepFor(spread, TabqErrorShareMin), StepFor(spread, ErrorShares[^1]));
        var ratio = Math.Pow(coarsest / finest, 1.0 / (TabqStepCount - 1));
        var steps = Enumerable.Range(0, TabqStepCount).Select(step => finest * Math.Pow(ratio, step)).ToList();
        _tabq = [.. TabqSearch.Candidates(magnitudes, steps).Select(tabq => new Setting(new CompressionOptions(FrameCodec.Tabq, tabq)))];
    }

    public int SplitLayer => _calibration.SplitLayer;

    public int SettingCount => _rateDistortion.Length + _tabq.Length;

    /// <summary>Of a split with so many transforms.</summary>
    public static int SettingCountMax(int transformCount) => (transformCount * ErrorShares.Length) + TabqStepCount + 1;

    private IEnumerable<Setting> Settings => _rateDistortion.Concat(_tabq);

    /// <summary>Sends a window through every setting, and predicts from what arrives.</summary>
    /// <param name="model">Runs the layers behind the split.</param>
    /// <param name="crossing">Codes.</param>
    /// <param name="hidden">[n, d] At the split.</param>
    /// <param name="embeddings">[n, d]</param>
    /// <param name="targets">[n] The tokens that do follow.</param>
    /// <param name="scratch">[n, d] or more</param>
    /// <param name="predictions">Scratch of n predictions.</param>
    /// <param name="done">Called after each setting.</param>
    public void Cross(
        LayerChain model, FrameCrossing crossing, ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings, ReadOnlySpan<int> targets,
        Span<float> scratch, WindowPredictions predictions, Action done)
    {
        var received = scratch[..hidden.Length];
        foreach (var setting in Settings)
        {
            hidden.CopyTo(received);
            var (bytes, error) = crossing.Run(setting.Options, _calibration, received, embeddings);
            model.Forward(new Models.LayerRange(SplitLayer, model.Config.LayerCount), received);
            model.Predict(received, targets, predictions);
            setting.Arrived(predictions.LogLikelihood(targets.Length), bytes, error);
            done();
        }
    }

    /// <summary>Ends a window that went through <see cref="Cross"/>.</summary>
    /// <param name="logLikelihood">Of its tokens without compression.</param>
    /// <param name="tokenCount">n</param>
    public void Add(double logLikelihood, int tokenCount)
    {
        foreach (var setting in Settings)
            setting.Add(logLikelihood, tokenCount);
    }

    /// <summary>
    /// Windows after which the margin for other texts is expected to take no more than two fifths of the default quality, with any transform.
    /// </summary>
    public int WindowsNeeded() => Curves().Max(entry => entry.Curve.WindowsFor(QualityTarget.Default, MarginShareMax));

    public (SplitTensors Tensors, SplitCalibration Settings) Result()
    {
        var steps = Curves().SelectMany(entry => QualityTarget.All.Select(target =>
        {
            var step = Math.Max((float)entry.Curve.StepFor(target), RateDistortionOptions.RelativeStepMin);
            var rise = entry.Curve.At(step);
            var options = new RateDistortionOptions(step, entry.Transform);
            return new CalibratedStep(target, options, rise.Percent, rise.StandardErrorPercent, rise.ElsewherePercent);
        })).ToList();
        var candidates = _tabq.Select(setting => new TabqCost(setting.Options.Tabq, setting.RelativeError, setting.Loss, setting.BytesPerToken));
        return (_tensors, new SplitCalibration(SplitLayer, id: 0, _tensors, steps, TabqSearch.Choose([.. candidates])));
    }

    private IEnumerable<(RateDistortionTransform Transform, QualityCurve Curve)> Curves() =>
        from setting in _rateDistortion
        group ((double)setting.Options.RateDistortion.RelativeStep, setting.Loss) by setting.Options.RateDistortion.Transform into points
        select (points.Key, new QualityCurve([.. points]));

    /// <summary>A uniform quantizer's step s makes an error of variance s²/12.</summary>
    private static double StepFor(double spread, double share) =>
        Math.Clamp(spread * Math.Sqrt(12 * share), RateDistortionOptions.RelativeStepMin, RateDistortionOptions.RelativeStepMax);

    private sealed class Setting(CompressionOptions options)
    {
        private double _logLikelihood; // of the window at work
        private double _error;
        private long _bytes;
        private long _tokenCount;

        public CompressionOptions Options => options;

        /// <summary>Nats per token.</summary>
        public ClusteredMean Loss { get; } = new();

        public double BytesPerToken => (double)_bytes / _tokenCount;

        /// <summary>RMS of the error over that of the state.</summary>
        public double RelativeError => Math.Sqrt(_error / _tokenCount);

        public void Arrived(double logLikelihood, long bytes, double error) =>
            (_logLikelihood, _bytes, _error) = (logLikelihood, _bytes + bytes, _error + error);

        public void Add(double logLikelihood, int tokenCount)
        {
            Loss.Add(logLikelihood - _logLikelihood, tokenCount);
            _tokenCount += tokenCount;
        }
    }
}
