using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Google.Protobuf;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>A member of a cluster on loopback, in an actor system of its own.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string Model = "aa";

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    private readonly ComputeLanes _lanes = new();

    /// <param name="port">0: any.</param>
    /// <param name="seed">Null: it is the first.</param>
    /// <param name="slot">Of the node; null: none.</param>
    /// <param name="serves">It may have the scheduler.</param>
    /// <param name="device">Of the node; null: none.</param>
    public TestNode(int port = 0, TestNode? seed = null, string? slot = null, bool serves = false, string? device = null, NodeTls? tls = null, Config? overrides = null, string? join = null)
    {
        ImmutableArray<string> roles =
        [
            .. slot is null ? (string[])[] : [ClusterRoles.Worker, ClusterRoles.Slots, ClusterRoles.SlotOf(slot)],
            .. serves ? (string[])[ClusterRoles.Scheduler, ClusterRoles.Slots, ClusterRoles.ModelOf(Model)] : [],
            .. device is null ? (string[])[] : [ClusterRoles.Edge, ClusterRoles.DeviceOf(device)],
        ];
        var settings = new MemberSettings { Host = "127.0.0.1", Port = port, Seeds = join is null ? [] : [join], Tls = tls, Roles = [.. roles.Distinct(StringComparer.Ordinal)], Overrides = overrides };
        System = ActorSystem.Create(MemberSettings.SystemName, settings.ToSetup());
        var cluster = Akka.Cluster.Cluster.Get(System);
        if (join is null)
            cluster.Join(seed is null ? cluster.SelfAddress : Akka.Cluster.Cluster.Get(seed.System).SelfAddress);
        Slot = slot is null ? null : new WorkerSlot(slot, peers => NewProbe(PeerNames.Worker(slot), peers));
        Routes = slot is not null || serves ? WorkerSlots.Start(System, Slot, Reports.Enqueue) : WorkerSlots.StartProxy(System);
        if (serves)
            new SchedulerSingleton(Model, peers => NewProbe(PeerNames.SchedulerOf(Model), peers)).Start(System, Routes, Reports.Enqueue);
    }

    public WorkerSlot? Slot { get; }

    public ActorSystem System { get; }

    public ClusterRoutes Routes { get; }

    public ConcurrentQueue<string> Reports { get; } = [];

    /// <summary>What arrived at names of this node.</summary>
    public ConcurrentQueue<(string Name, object Message)> Arrived { get; } = [];

    public int Port => Akka.Cluster.Cluster.Get(System).SelfAddress.Port!.Value;

    /// <summary>Ways out of this node, by name.</summary>
    public ConcurrentDictionary<string, IPeers> Peers { get; } = new(StringComparer.Ordinal);

    /// <summary>What an actor does with what it gets.</summary>
    public Action<string, IPeers, object>? React { get; set; }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(5))
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeMax, $"It never came that {what}.");
    }

    public Task UpAsync(int count) => UntilAsync(
        () => Akka.Cluster.Cluster.Get(System).State.Members.Count(member => member.Status == MemberStatus.Up) == count, $"{count} members are up");

    public async Task<T> NextAsync<T>(string name, Func<T, bool>? which = null)
        where T : class
    {
        T? found = null;
        await UntilAsync(
            () => (found = Arrived.Where(entry => entry.Name == name).Select(entry => entry.Message).OfType<T>().FirstOrDefault(which ?? (_ => true))) is not null,
            $"{name} gets a {typeof(T).Name}");
        return found!;
    }

    /// <summary>Starts a name, and sends from it.</summary>
    public IActorRef StartEdge(string name) =>
        new ClusterNames(System, Routes, Reports.Enqueue).Start(name, peers => NewProbe(name, peers));

    public async Task SendAsync(string from, string to, IMessage body)
    {
        await UntilAsync(() => Peers.ContainsKey(from), $"{from} starts");
        Peers[from].Send(from, to, body);
    }

    /// <summary>Ends it without leaving the cluster first.</summary>
    public async Task KillAsync()
    {
        await System.Terminate();
    }

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        await _lanes.DrainAsync();
    }

    private Props NewProbe(string name, IPeers peers) => ActorProps.Of(() => new ProbeActor(
        () => new ScriptedShell
        {
            OnStart = host =>
            {
                Peers[name] = peers;
                peers.Register(name, host.Post);
            },
            OnReceive = (_, message) =>
            {
                Arrived.Enqueue((name, message));
                React?.Invoke(name, peers, message);
            },
            OnStop = () => peers.Unregister(name),
        },
        _lanes));

    private sealed class ProbeActor(Func<IStepShell> shell, ComputeLanes lanes) : StepActor(shell, lanes);
}
