using Akka.Actor;

namespace SplitActors.Actors.Peers;

/// <summary>Starts actors that have a name among their peers, in this process or in a cluster.</summary>
public interface INameHost
{
    /// <param name="name">Not taken.</param>
    /// <param name="actor">Makes the actor that runs the shell, given its way to its peers.</param>
    /// <returns>Takes what is told to the shell; it ends when the shell does.</returns>
    IActorRef Start(string name, Func<IPeers, Props> actor);
}

/// <summary>Names of one process.</summary>
public sealed class LocalNames(ActorSystem system, IPeers peers) : INameHost
{
    public IActorRef Start(string name, Func<IPeers, Props> actor) => system.ActorOf(actor(peers), name.Replace('/', '-'));
}
