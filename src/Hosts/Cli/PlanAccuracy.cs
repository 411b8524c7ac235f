using SplitActors.Hosts.Planning;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Accuracy;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Cli;

/// <summary>What choices cost in accuracy, as far as it is known or is to be measured.</summary>
internal sealed class PlanAccuracy : IDisposable
{
    /// <summary>Where accuracy was measured, and no other limit is asked for.</summary>
    public const double PerplexityRiseMaxDefault = 0.01;

    private const int VerificationsMax = 16;

    private readonly PlanOptions _options;
    private readonly PlanModel _model;
    private readonly LoadingLine _loading;
    private readonly ComputeThreads? _threads;
    private readonly AccuracyMeasurement? _measurement;
    private readonly VerifiedAccuracy _verified;

    private PlanAccuracy(PlanOptions options, PlanModel model, LoadingLine loading)
    {
        (_options, _model, _loading) = (options, model, loading);
        if (options.MeasuresAccuracy || options.Verifies)
        {
            _threads = new ComputeThreads(options.ThreadCount);
            _measurement = new AccuracyMeasurement(model.Checkpoint!, CodecText.Read(options.Text!), options.Text!, options.TextTokenCountMax, _threads, TimeProvider.System);
        }

        var known = options.MeasuresAccuracy ? Measure() : model.Checkpoint is { } checkpoint ? AccuracyFile.Find(checkpoint, options.AccuracyPath, options.CacheFolder) : null;
        Expected = new AdditiveAccuracy(model.Config.LayerCount, known?.Figures, options.Quality, model.Calibration);
        _verified = new VerifiedAccuracy(Expected);
        Description = known is var (figures, path)
            ? $"measured on {figures.TokenCount} tokens, perplexity {figures.Perplexity:0.00} with nothing rounded; {path}"
            : "not measured: `--measure-accuracy --text FILE` does so; until then fewer bits seem to cost nothing";
        IsMeasured = known is not null;
    }

    /// <summary>Of single choices, added up.</summary>
    public AdditiveAccuracy Expected { get; }

    /// <summary>Whether anything but the calibration is known.</summary>
    public bool IsMeasured { get; }

    /// <summary>In words.</summary>
    public string Description { get; }

    /// <summary>What measuring the choice as a whole found; null if it was not measured.</summary>
    public string? Verification { get; private set; }

    /// <exception cref="UserErrorException">The text or a file is not what it should be.</exception>
    public static PlanAccuracy Open(PlanOptions options, PlanModel model, LoadingLine loading) => new(options, model, loading);

    public void Dispose() => _threads?.Dispose();

    /// <summary>Codec and settings of a split, as a session has them.</summary>
    public CompressionOptions OptionsFor(SplitCalibration? calibration) => new RunCompression
    {
        Codec = FrameCodec.RateDistortion,
        Quality = _options.Quality,
        QualityPlace = $"--{PlanSettings.Quality.Name}",
        Tabq = null,
        Rotates = false,
        Predicts = false,
        SharesPromptTokens = false,
    }.For(calibration);

    /// <summary>The best plan; if that is asked for, one whose accuracy was measured as a whole.</summary>
    /// <exception cref="UserErrorException">None of the first choices keeps the limit.</exception>
    public Plan Decide(PlanningProblem problem)
    {
        for (var count = 0; count <= VerificationsMax; count++)
        {
            var plan = Planner.Decide(problem, _verified);
            if (!_options.Verifies || plan.Choice is not { } chosen)
                return plan;
            if (_verified.Find(chosen.Choice) is var (rise, error))
            {
                Verification = $"the choice as a whole costs {rise:0.00%} ± {error:0.00%} on {_measurement!.TokenCount} tokens; "
                    + $"{(Expected.PerplexityRise(chosen.Choice) is { } expected ? $"{expected:0.00%}" : "nothing")} was expected";
                return plan;
            }

            Verify(chosen);
        }

        throw new UserErrorException(
            UserErrorKind.Options, $"--{PlanSettings.MaxRise.Name}", "a limit that one of the first choices keeps", $"that {VerificationsMax} measured ones do not", "Raise it, or name other bits.");
    }

    private void Verify(Candidate candidate)
    {
        var calibration = _model.Calibration?.For(candidate.Choice.SplitLayer);
        var progress = _loading.Measurement(TimeProvider.System);
        var (rise, error) = _measurement!.Verify(candidate.Choice, OptionsFor(calibration), calibration);
        _verified.Add(candidate.Choice, rise, error);
        progress.Report(new EvaluationProgress(1, _measurement.TokenCount, _measurement.TokenCount));
    }

    private (AccuracyFigures Figures, string Path) Measure()
    {
        var weights = _options.FrontWeights.Append(_options.WorkerWeights).Where(format => format.IsQuantized).Distinct().ToList();
        var keyValues = _options.FrontKv.Append(_options.WorkerKv).Where(format => format < KvFormat.Float16).Distinct().ToList();
        var figures = _measurement!.Run(
            new AccuracyPlan(weights, keyValues, _options.Quality), OptionsFor, _model.Calibration, _loading.Measurement(TimeProvider.System));
        return (figures, AccuracyFile.Write(figures, _options.AccuracyPath, _options.CacheFolder));
    }
}
