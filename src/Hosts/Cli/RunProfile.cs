using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Planning;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>Measures this machine for a session whose scheduler must know how fast it is, or finds what was measured before.</summary>
internal static class RunProfile
{
    private static readonly WeightFormat[] FewerBits = [new(8), new(4)];

    /// <summary>Null where nobody asks: neither a plan nor a deadline is wanted.</summary>
    /// <param name="options">Of the session.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="plan">Null: the scheduler plans.</param>
    /// <param name="calibration">Null for none.</param>
    /// <param name="loading">Says that something is measured.</param>
    /// <param name="cancellation">Ends a measurement.</param>
    /// <exception cref="UserErrorException">A file of measurements is not what it should be, or the codec lacks a calibration.</exception>
    public static ServingProfile? For(RunOptions options, Checkpoint checkpoint, FixedPlan? plan, ModelCalibration? calibration, LoadingLine loading, CancellationToken cancellation)
    {
        if (plan is not null && options.Serving.Deadline is null)
            return null;
        var planning = options.Planning;
        var known = plan is null ? AccuracyFile.Find(checkpoint, named: null, planning.CacheFolder) : null;
        var back = (options.Serving.BackFormat ?? checkpoint.Quantization?.Back ?? WeightFormat.Unquantized, options.Serving.KvFormat);
        var fronts = FrontFormats(options, checkpoint, isPlanned: plan is null, isMeasured: known is not null);
        var profile = Measure(checkpoint, [.. fronts, back], options.Placement.Compression, calibration, planning.CacheFolder, options.Serving.ThreadCount, loading, cancellation);
        return new ServingProfile(profile, fronts, back)
        {
            Planner = plan is null ? options.Placement.PlannerFor(checkpoint, calibration, known?.Figures) : null,
            MemoryBytesMax = planning.MemoryBytesMax,
            PerplexityRiseMax = planning.PerplexityRiseMax ?? (known is null ? null : PlanAccuracy.PerplexityRiseMaxDefault),
        };
    }

    /// <summary>What this machine takes for a model in several formats.</summary>
    /// <exception cref="UserErrorException">A file of measurements is not what it should be, or the codec lacks a calibration.</exception>
    public static MachineProfile Measure(
        Checkpoint checkpoint,
        IReadOnlyList<(WeightFormat Weights, KvFormat Kv)> formats,
        RunCompression compression,
        ModelCalibration? calibration,
        string cacheFolder,
        int threadCount,
        LoadingLine loading,
        CancellationToken cancellation)
    {
        var config = checkpoint.Config;
        var middle = calibration?.For(Math.Max(1, config.LayerCount / 2));
        return new ProfileSource
        {
            Config = config,
            Weights = [.. formats.Select(format => format.Weights).Distinct()],
            KeyValues = [.. formats.Select(format => format.Kv).Distinct()],
            Stored = StoredSizes.Of(checkpoint),
            Compression = (compression.For(middle), middle),
            CacheFolder = cacheFolder,
            Refresh = false,
            ThreadCount = threadCount,
            Measuring = loading.Machine,
        }.Find(ProfileSource.Measure, "this machine", TimeProvider.System, cancellation).Profile;
    }

    /// <summary>With all keys and values, as a planner may combine them.</summary>
    private static List<(WeightFormat Weights, KvFormat Kv)> FrontFormats(RunOptions options, Checkpoint checkpoint, bool isPlanned, bool isMeasured)
    {
        var stored = checkpoint.Quantization?.Front ?? WeightFormat.Unquantized;
        IEnumerable<WeightFormat> weights = options.Planning.FrontWeights.Count > 0 ? options.Planning.FrontWeights
            : isPlanned && isMeasured ? [stored, .. FewerBits]
            : [stored];
        return [.. from format in weights from kv in options.Planning.KeyValues select (format, kv)];
    }
}
