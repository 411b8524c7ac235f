using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Hosts.Clusters;
using SplitActors.Hosts.Nodes;
using SplitActors.Hosts.Serving;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.EndToEnd.Member;

/// <summary>A scheduler, a worker and devices of one thread that computes, in split mode on the embedded model.</summary>
internal sealed class TokenCluster : IAsyncDisposable
{
    private const string Host = "127.0.0.1";
    private const string Slot = "w1";
    private const string Device = "d1";
    private const int TokenCount = 128;

    private static readonly TimeSpan JoinTimeMax = TimeSpan.FromMinutes(1);

    private static readonly int[] Prompt = [1, 40, 77, 300, 512, 9, 81, 230];

    private readonly NodeRuntime _runtime = new(threadCount: 1, TimeProvider.System, Console.Error.WriteLine);
    private readonly List<ClusterMember> _members = [];
    private readonly ServedModel _model;
    private readonly WeightFormat? _front;
    private readonly WorkerHost _worker;
    private DeviceHost? _devices;
    private ulong _sessionCount;

    private TokenCluster(ServedModel model, WeightFormat? front, WeightFormat? back)
    {
        (_model, _front) = (model, front);
        _worker = new WorkerHost(_runtime, model, model.Config.LayerCount / 2, back, KvFormat.Float16);
    }

    private string Scheduler => PeerNames.Scheduler(_model.Digest.Span);

    /// <param name="model">The embedded one.</param>
    /// <param name="front">Weights of the device; null: as in the checkpoint.</param>
    /// <param name="back">The worker's.</param>
    /// <param name="peers">Between all.</param>
    public static TokenCluster InProcess(ServedModel model, WeightFormat? front, WeightFormat? back, IPeers peers)
    {
        var cluster = new TokenCluster(model, front, back);
        var names = new LocalNames(cluster._runtime.System, peers);
        names.Start(cluster.Scheduler, cluster.NewScheduler);
        var worker = cluster._worker.Describe(PeerNames.Worker(Slot), cluster.Scheduler, costs: null);
        names.Start(worker.Address, own => cluster._worker.Actor(worker, own));
        cluster.StartDevices(names);
        return cluster;
    }

    /// <summary>Scheduler and worker are one member on loopback, the devices another; mutual TLS is between them.</summary>
    /// <inheritdoc cref="InProcess"/>
    public static async Task<TokenCluster> OfMembersAsync(ServedModel model, WeightFormat? front, WeightFormat? back)
    {
        var cluster = new TokenCluster(model, front, back);
        var worker = cluster._worker.Describe(PeerNames.Worker(Slot), cluster.Scheduler, costs: null);
        using var authority = CertificateAuthority.Create("Benchmark", TimeProvider.System, TimeSpan.FromDays(1));
        var first = await cluster.JoinAsync(authority, seeds: [], new MemberActors
        {
            Slot = new WorkerSlot(Slot, own => cluster._worker.Actor(worker, own)),
            Schedulers = [new SchedulerSingleton(PeerNames.ModelOf(model.Digest.Span), cluster.NewScheduler)],
        });
        var device = await cluster.JoinAsync(authority, [first.Address], new MemberActors { Device = Device });
        cluster.StartDevices(new ClusterNames(device.System, device.Routes, Console.Error.WriteLine));
        return cluster;
    }

    /// <summary>Runs a session and returns the bills of its later tokens: the first ones wait for the prompt.</summary>
    /// <param name="pause">After each token.</param>
    public async Task<IReadOnlyList<TokenBill>> RunAsync(TimeSpan pause)
    {
        const int skipped = 8;
        var session = new SessionId(++_sessionCount);
        var generation = new Generation(Prompt, SamplingOptions.Greedy, TokenCount);
        var (events, _) = _devices!.StartSession(session, $"edge/{Device}/{session}", generation, Rest);
        var bills = new List<TokenBill>();
        await foreach (var sessionEvent in events.ReadAllAsync())
        {
            if (sessionEvent is TokenGenerated generated)
                bills.Add(generated.Bill);
            if (sessionEvent is SessionEnded ended)
                return ended.Reason == EndReason.Failed ? throw new InvalidOperationException(ended.Detail) : bills[skipped..];
        }

        throw new InvalidOperationException("The session did not end.");

        void Rest(SessionEvent sessionEvent)
        {
            if (sessionEvent is TokenGenerated && pause > TimeSpan.Zero)
                Thread.Sleep(pause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Enumerable.Reverse(_members))
            await member.DisposeAsync();
        await _runtime.DisposeAsync();
    }

    private Props NewScheduler(IPeers peers) => ActorProps.Of(() => new SchedulerActor([SchedulerOptions()], peers, _runtime.Lanes));

    private SchedulerOptions SchedulerOptions() => new()
    {
        Address = Scheduler,
        ModelDigest = _model.Digest,
        LayerCount = _model.Config.LayerCount,
        ContextLength = _model.Config.ContextLength,
        Plan = new FixedPlan(ExecutionMode.Split, _model.Config.LayerCount / 2, CompressionOptions.Default),
    };

    private void StartDevices(INameHost names)
    {
        var options = new ServingOptions { ThreadCount = 1, KvFormat = KvFormat.Float16, FrontFormat = _front, BackFormat = null };
        _devices = new DeviceHost(_runtime, _model, options, names, Scheduler);
    }

    /// <summary>Without seeds, it begins a cluster.</summary>
    private async Task<ClusterMember> JoinAsync(CertificateAuthority authority, string[] seeds, MemberActors actors)
    {
        var tls = new NodeTls(authority.Issue("node", Host), X509Certificate2.CreateFromPem(authority.Pem), TimeProvider.System, Console.Error.WriteLine);
        var settings = new MemberSettings { Host = Host, Port = 0, Seeds = [.. seeds], Roles = [], Tls = tls };
        var member = await ClusterMember.StartAsync(settings, actors, TimeSpan.Zero, Console.Error.WriteLine);
        _members.Add(member);
        if (seeds.Length == 0)
            Akka.Cluster.Cluster.Get(member.System).Join(Akka.Cluster.Cluster.Get(member.System).SelfAddress);
        if (!await member.JoinedAsync(JoinTimeMax, CancellationToken.None))
            throw new InvalidOperationException("It did not join.");
        return member;
    }
}
