using System.Collections.Immutable;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Hosts.Planning;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>A scheduler of a process: what it is asked to decide, and the actor that does.</summary>
internal sealed record SchedulerRole
{
    public static readonly IReadOnlyList<Setting> Settings =
    [
        RunSettings.Mode, RunSettings.Split, RunSettings.Compression, RunSettings.Quality, RunSettings.KarhunenLoeve, RunSettings.Prediction, RunSettings.SharePromptTokens,
        RunSettings.Threshold, RunSettings.Tolerance, RunSettings.BitsMax, RunSettings.BitsMin, DeviceLimits.Sessions, DeviceLimits.Tokens, NodeSettings.StatusEvery,
    ];

    public required Placement Placement { get; init; }

    public required string CacheFolder { get; init; }

    public required DeviceLimits DeviceLimits { get; init; }

    /// <summary>Null: no reports but of what changes.</summary>
    public required TimeSpan? StatusPeriod { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static SchedulerRole Read(SettingReader settings) => new()
    {
        Placement = Placement.Read(settings),
        CacheFolder = settings.Text(RunSettings.ProfileCache) ?? Planning.CacheFolder.Default,
        DeviceLimits = DeviceLimits.Read(settings),
        StatusPeriod = settings.Seconds(NodeSettings.StatusEvery, 86_400),
    };

    /// <summary>Serves each model by itself, as a candidate for its one scheduler in the cluster.</summary>
    /// <exception cref="UserErrorException">What is asked for does not fit a model, or its calibration or measured accuracy is damaged.</exception>
    public ImmutableArray<SchedulerSingleton> Candidates(NodeRuntime runtime, IReadOnlyList<Checkpoint> models, NodeLog log)
    {
        var cluster = Watch(runtime, log);
        return [.. models.Select(model =>
        {
            var name = PeerNames.ModelOf(ServedModel.DigestOf(model).Span);
            var options = OptionsFor(model, PeerNames.SchedulerOf(name));
            Ready(log, model, options);
            return new SchedulerSingleton(name, peers => ActorProps.Of(() => new SchedulerActor([options], peers, runtime.Lanes, log.Warn, cluster.Observe)));
        })];
    }

    private static void Ready(NodeLog log, Checkpoint model, SchedulerOptions options) =>
        log.Write("ready", $"the scheduler is ready for {Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Folder))}: {Describe(options)}");

    private ClusterLog Watch(NodeRuntime runtime, NodeLog log)
    {
        var cluster = new ClusterLog(log, runtime.Clock);
        if (StatusPeriod is { } period)
            runtime.Repeat(cluster.Report, period);
        return cluster;
    }

    private SchedulerOptions OptionsFor(Checkpoint checkpoint, string address)
    {
        var (plan, calibration) = Placement.PlanFor(checkpoint);
        var figures = plan is null ? AccuracyFile.Find(checkpoint, named: null, CacheFolder)?.Figures : null;
        var options = new SchedulerOptions
        {
            Address = address,
            ModelDigest = ServedModel.DigestOf(checkpoint),
            LayerCount = checkpoint.Config.LayerCount,
            ContextLength = checkpoint.Config.ContextLength,
            Plan = plan,
            Planner = plan is null ? Placement.PlannerFor(checkpoint, calibration, figures) : null,
        };
        return options with
        {
            DeviceSessionCountMax = DeviceLimits.SessionCountMax ?? options.DeviceSessionCountMax,
            DeviceTokenCountMax = DeviceLimits.TokenCountMax ?? options.DeviceTokenCountMax,
        };
    }

    private static string Describe(SchedulerOptions options) => options.Plan is not { } plan
        ? "it plans for each device"
        : $"mode {plan.Mode.ToString().ToLowerInvariant()}, {plan.SplitLayer} of {options.LayerCount} layers on the device";
}
