using Akka.Actor;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Cluster;

/// <summary>Names of a member of a cluster, such as its devices' sessions.</summary>
/// <param name="system">The member.</param>
/// <param name="routes">To others.</param>
/// <param name="report">Told of messages that no honest node sends.</param>
public sealed class ClusterNames(ActorSystem system, ClusterRoutes routes, Action<string>? report = null) : INameHost
{
    public IActorRef Start(string name, Func<IPeers, Props> actor) =>
        system.ActorOf(PeerEndpoint.Props(name, routes, actor, stopsWithChild: true, report), name.Replace('/', '-'));
}
