using Akka;
using Akka.Actor;
using Akka.Cluster.Sharding;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Cluster.Wire;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Cluster;

/// <summary>A slot of this node, for one GPU or for its CPU: a shard with one worker, pinned here.</summary>
/// <param name="Name">Unique in the cluster.</param>
/// <param name="Actor">Makes the actor that runs the shell.</param>
public sealed record WorkerSlot(string Name, Func<IPeers, Props> Actor)
{
    private readonly TaskCompletionSource<IActorRef> _endpoint = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Address => PeerNames.Worker(Name);

    internal bool HasStarted => _endpoint.Task.IsCompleted;

    /// <summary>Completes when its worker has stopped, whyever.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Lets its sessions go elsewhere; completes when the worker has left.</summary>
    public async Task DrainAsync()
    {
        if (!_endpoint.Task.IsCompleted)
            return; // it never started
        (await _endpoint.Task).Tell(new LeaveCluster(), ActorRefs.NoSender);
        await _ended.Task;
    }

    internal Props Endpoint(ClusterRoutes routes, Action<string>? report) => PeerEndpoint.Props(
        Address,
        routes,
        peers => Actor(peers),
        stopsWithChild: false,
        report,
        started: endpoint => _endpoint.TrySetResult(endpoint),
        ended: () => _ended.TrySetResult());
}

/// <summary>The table of slots, which schedulers and workers keep; others write to it through a proxy.</summary>
public static class WorkerSlots
{
    private const string TypeName = "backend-worker";
    private const string WakeTimer = "wake";

    /// <summary>On nodes that keep the table: starts this node's slot, if it has one, as soon as its region is known.</summary>
    public static ClusterRoutes Start(ActorSystem system, WorkerSlot? slot, Action<string>? report = null)
    {
        ClusterRoutes? routes = null;
        var sharding = ClusterSharding.Get(system);
        var settings = ClusterShardingSettings.Create(system).WithRole(ClusterRoles.Slots);
        var region = sharding.Start(TypeName, EndpointOf, settings, new SlotExtractor(), new SlotAllocation(system), new StopEndpoint());
        routes = new ClusterRoutes(system, region);
        if (slot is null)
            return routes;
        system.ActorOf(Stepping.ActorProps.Of(() => new Waker(region, slot)), "waker");
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "drain the worker", async () =>
        {
            if (CoordinatedShutdown.Get(system).ShutdownReason is not CoordinatedShutdown.ClusterDowningReason) // else nobody is there to take its sessions
                await slot.DrainAsync();
            return Done.Instance;
        });
        return routes;

        Props EndpointOf(string name) => name == slot?.Name
            ? slot.Endpoint(routes!, report)
            : throw new InvalidOperationException($"The slot {name} is not of this node.");
    }

    /// <summary>On nodes that only write to slots.</summary>
    public static ClusterRoutes StartProxy(ActorSystem system) =>
        new(system, ClusterSharding.Get(system).StartProxy(TypeName, ClusterRoles.Slots, new SlotExtractor()));

    /// <summary>A shard starts with the first message to it: this one, until the slot's worker runs.</summary>
    private sealed class Waker(IActorRef region, WorkerSlot slot) : UntypedActor, IWithTimers
    {
        private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer(WakeTimer, WakeTimer, TimeSpan.Zero, Period);

        protected override void OnReceive(object message)
        {
            if (slot.HasStarted)
                Context.Stop(Self);
            else
                region.Tell(new WakeSlot { To = slot.Address });
        }
    }
}
