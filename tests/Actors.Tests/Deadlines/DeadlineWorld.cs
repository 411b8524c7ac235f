using System.Globalization;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>The real scheduler, devices and workers without models, and an emulated link between them, in virtual time.</summary>
internal sealed class DeadlineWorld : IAsyncDisposable
{
    private const int LayerCount = 8;
    private const int SplitLayer = 4;

    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private readonly ulong _seed;

    public DeadlineWorld(ulong seed, LinkProfile profile)
    {
        _seed = seed;
        Driver = new SimulationDriver(seed);
        Link = new EmulatedLinkTransport(new LocalPeers(), Driver.Time, profile, seed, address => address.StartsWith("edge/", StringComparison.Ordinal));
        Network = new TappedTransport(Link);
        var options = new SchedulerOptions
        {
            Address = "scheduler",
            ModelDigest = Digest,
            LayerCount = LayerCount,
            ContextLength = 1024,
            Plan = new FixedPlan(ExecutionMode.Split, SplitLayer, CompressionOptions.Default),
        };
        Driver.Start("scheduler", () => new SchedulerShell([options], Network));
    }

    public SimulationDriver Driver { get; }

    public EmulatedLinkTransport Link { get; }

    public TappedTransport Network { get; }

    /// <summary>Of all workers' batches, as another process on their machines causes it.</summary>
    public double Slowdown { get; set; } = 1;

    public ValueTask DisposeAsync()
    {
        Driver.StopAll();
        Link.Dispose();
        return ValueTask.CompletedTask;
    }

    public void StartWorker(int number, TimeSpan passTime, TimeSpan rowTime)
    {
        var options = new WorkerOptions
        {
            Address = $"worker/{number}",
            Scheduler = "scheduler",
            ModelDigest = Digest,
            Layers = new(SplitLayer, LayerCount),
            ContextLength = 1024,
            VocabularySize = 100,
            KvLayout = new KvLayout(layerCount: 4, kvHeadCount: 1, headDim: 64, KvFormat.Float16),
            Costs = FlatCosts.Of(passTime.TotalMicroseconds, rowTime.TotalMicroseconds),
        };
        Driver.Start($"worker-{number}", () => new TimedWorker(options, passTime, rowTime, Network, _seed + (ulong)number, () => Slowdown));
    }

    /// <summary>A session whose times a test can check for itself.</summary>
    public WatchedSession StartSession(int number, TimeSpan? deadline, TimeSpan tokenTime, int promptCount, int generatedCount, LinkProfile? declared = null)
    {
        var options = new EdgeOptions
        {
            Address = string.Create(CultureInfo.InvariantCulture, $"edge/{number}"),
            Scheduler = "scheduler",
            ModelDigest = Digest,
            LayerCount = LayerCount,
            ContextLength = 1024,
            VocabularySize = 100,
            EndTokens = [],
            GeneratedCountMax = generatedCount,
            Deadline = deadline,
            DeviceTime = tokenTime,
            Link = declared,
            StepBytesMax = 400,
        };
        var session = new WatchedSession(deadline, Driver.Time);
        var state = new EdgeState(new SessionId((ulong)number), options);
        var edge = Driver.Start($"edge-{number}", () => new TimedEdge(state, Network, tokenTime, _seed ^ (ulong)number, session.Add));
        edge.Post(new StartSession([.. Enumerable.Range(1, promptCount).Select(token => token % 50)]));
        return session;
    }
}
