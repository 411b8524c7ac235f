using Akka.Actor;
using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Cluster;

/// <summary>The way to peers of the one shell that an endpoint has.</summary>
internal sealed class EndpointPeers(string ownName, IActorRef endpoint) : IPeers
{
    public void Register(string address, Action<object> post)
    {
        if (address != ownName)
            throw new InvalidOperationException($"The endpoint of {ownName} has no name {address}.");
        endpoint.Tell(new Attach(post), ActorRefs.NoSender);
    }

    public void Unregister(string address) => endpoint.Tell(new Detach(), ActorRefs.NoSender);

    public void Send(string from, string to, IMessage body) => endpoint.Tell(new Outbound(to, body), ActorRefs.NoSender);

    public void Watch(string address, string watcher) => endpoint.Tell(new WatchPeer(address), ActorRefs.NoSender);
}

/// <summary>A shell has started.</summary>
internal sealed record Attach(Action<object> Post) : INoSerializationVerificationNeeded;

/// <summary>It has stopped; another one may take its place.</summary>
internal sealed record Detach : INoSerializationVerificationNeeded;

internal sealed record Outbound(string To, IMessage Body) : INoSerializationVerificationNeeded;

internal sealed record WatchPeer(string Name) : INoSerializationVerificationNeeded;

/// <summary>Stops an endpoint: its shard is handed off, or its singleton is wanted elsewhere.</summary>
public sealed record StopEndpoint : INoSerializationVerificationNeeded;
