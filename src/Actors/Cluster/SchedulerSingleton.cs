using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Cluster;

/// <summary>The scheduler of one model: one in the cluster, on the oldest node that serves the model.</summary>
/// <param name="Model">As names have it.</param>
/// <param name="Actor">Makes the actor that runs the shell.</param>
public sealed record SchedulerSingleton(string Model, Func<IPeers, Props> Actor)
{
    internal static string ManagerName(string model) => $"scheduler-{model}";

    /// <summary>Starts this node's candidate.</summary>
    /// <param name="system">A member with the role of the model.</param>
    /// <param name="routes">To workers and devices.</param>
    /// <param name="report">Told of messages that no honest node sends.</param>
    public IActorRef Start(ActorSystem system, ClusterRoutes routes, Action<string>? report = null)
    {
        var endpoint = PeerEndpoint.Props(PeerNames.SchedulerOf(Model), routes, Actor, stopsWithChild: true, report);
        var settings = ClusterSingletonManagerSettings.Create(system).WithRole(ClusterRoles.ModelOf(Model)).WithSingletonName(Model);
        return system.ActorOf(ClusterSingletonManager.Props(endpoint, new StopEndpoint(), settings), ManagerName(Model));
    }
}
