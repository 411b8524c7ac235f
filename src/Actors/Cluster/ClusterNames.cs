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

    /// <summary>Opens a name for a shell that is elsewhere in this process; <see cref="IPeers.Unregister"/> closes it.</summary>
    /// <param name="name">Not taken.</param>
    /// <param name="post">Takes what arrives, from any thread, and does not wait.</param>
    public IPeers Open(string name, Action<object> post)
    {
        var endpoint = system.ActorOf(PeerEndpoint.Props(name, routes, child: null, stopsWithChild: true, report), name.Replace('/', '-'));
        var peers = new EndpointPeers(name, endpoint);
        peers.Register(name, post);
        return peers;
    }
}
