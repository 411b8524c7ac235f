using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Cluster;

/// <summary>The scheduler of one model: one in the cluster, on the oldest node that serves the model.</summary>
public static class SchedulerSingleton
{
    /// <summary>Starts this node's candidate.</summary>
    /// <param name="system">A member with the role of the model.</param>
    /// <param name="model">As names have it.</param>
    /// <param name="routes">To workers and devices.</param>
    /// <param name="scheduler">Makes the actor that runs the shell.</param>
    /// <param name="report">Told of messages that no honest node sends.</param>
    public static IActorRef Start(ActorSystem system, string model, ClusterRoutes routes, Func<IPeers, Props> scheduler, Action<string>? report = null)
    {
        var endpoint = PeerEndpoint.Props($"scheduler/{model}", routes, scheduler, stopsWithChild: true, report);
        var settings = ClusterSingletonManagerSettings.Create(system).WithRole(ClusterRoles.ModelOf(model)).WithSingletonName(model);
        return system.ActorOf(ClusterSingletonManager.Props(endpoint, new StopEndpoint(), settings), ManagerName(model));
    }

    internal static string ManagerName(string model) => $"scheduler-{model}";
}

/// <summary>The slots of the cluster: a shard with one worker each, pinned to the node that has it.</summary>
public static class WorkerSlots
{
    private const string TypeName = "backend-worker";

    /// <summary>On nodes that keep the table of slots. Those that have none of their own give no props.</summary>
    public static IActorRef StartRegion(ActorSystem system, Func<string, Props> endpoint)
    {
        var sharding = Akka.Cluster.Sharding.ClusterSharding.Get(system);
        var settings = Akka.Cluster.Sharding.ClusterShardingSettings.Create(system).WithRole(ClusterRoles.Slots);
        return sharding.Start(TypeName, endpoint, settings, new SlotExtractor(), new SlotAllocation(system), new StopEndpoint());
    }

    /// <summary>On nodes that only write to slots.</summary>
    public static IActorRef StartProxy(ActorSystem system) =>
        Akka.Cluster.Sharding.ClusterSharding.Get(system).StartProxy(TypeName, ClusterRoles.Slots, new SlotExtractor());
}
