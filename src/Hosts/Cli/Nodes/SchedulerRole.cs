using SplitActors.Actors.Kernel;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Transport;
using SplitActors.Hosts.Planning;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>A scheduler of a process: what it is asked to decide, and the actor that does.</summary>
internal sealed record SchedulerRole
{
    public const string Address = "scheduler";

    public static readonly IReadOnlyList<Setting> Settings =
    [
        RunSettings.Mode, RunSettings.Split, RunSettings.Compression, RunSettings.Quality, RunSettings.KarhunenLoeve, RunSettings.Prediction, RunSettings.SharePromptTokens,
        RunSettings.Threshold, RunSettings.Tolerance, RunSettings.BitsMax, RunSettings.BitsMin, NodeSettings.StatusEvery,
    ];

    public required Placement Placement { get; init; }

    public required string CacheFolder { get; init; }

    /// <summary>Null: no reports but of what changes.</summary>
    public required TimeSpan? StatusPeriod { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static SchedulerRole Read(SettingReader settings) => new()
    {
        Placement = Placement.Read(settings),
        CacheFolder = settings.Text(RunSettings.ProfileCache) ?? Planning.CacheFolder.Default,
        StatusPeriod = settings.Number(NodeSettings.StatusEvery, "seconds, above 0 and at most 86400", value => value is > 0 and <= 86_400) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
    };

    /// <exception cref="UserErrorException">What is asked for does not fit the model, or its calibration or measured accuracy is damaged.</exception>
    public ActorRef Start(NodeRuntime runtime, Checkpoint checkpoint, ITransport transport, NodeLog log)
    {
        var (plan, calibration) = Placement.PlanFor(checkpoint);
        var figures = plan is null ? AccuracyFile.Find(checkpoint, named: null, CacheFolder)?.Figures : null;
        var options = new SchedulerOptions
        {
            Address = Address,
            ModelDigest = new ServedModel(checkpoint, calibration, predicts: false).Digest,
            LayerCount = checkpoint.Config.LayerCount,
            Plan = plan,
            Planner = plan is null ? Placement.PlannerFor(checkpoint, calibration, figures) : null,
        };
        var cluster = new ClusterLog(log, runtime.Clock);
        var actor = runtime.System.Spawn(new Props(() => new SchedulerActor(options, transport, cluster.Observe)), Address);
        if (StatusPeriod is { } period)
            runtime.Repeat(cluster.Report, period);
        log.Write("ready", $"the scheduler is ready: {Describe(plan, checkpoint.Config.LayerCount)}");
        return actor;
    }

    private static string Describe(FixedPlan? plan, int layerCount) =>
        plan is null ? "it plans for each device" : $"mode {plan.Mode.ToString().ToLowerInvariant()}, {plan.SplitLayer} of {layerCount} layers on the device";
}
