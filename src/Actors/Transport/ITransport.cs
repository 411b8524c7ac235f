using Google.Protobuf;
using SplitActors.Actors.Kernel;

namespace SplitActors.Actors.Transport;

/// <summary>
/// Carries protocol messages between addresses: at most once, in order per sender and receiver. A registered actor gets
/// <see cref="Received"/>; a sender gets <see cref="Undelivered"/> when nobody has the address, a watcher <see cref="PeerLost"/>.
/// </summary>
public interface ITransport
{
    void Register(string address, ActorRef actor);

    /// <summary>Gives an address up; its watchers are told.</summary>
    void Unregister(string address);

    void Send(string from, string to, IMessage body);

    /// <summary>Tells <paramref name="watcher"/> once when <paramref name="address"/> is given up, at once if nobody has it.</summary>
    void Watch(string address, string watcher);
}

/// <summary>A message that arrived.</summary>
public sealed record Received(string From, IMessage Body);

/// <summary>A message that could not be delivered.</summary>
public sealed record Undelivered(string To, string Reason);

/// <summary>
/// What a sender has given to the transport and what has not left yet, up to its last message to <paramref name="To"/>. Told by transports
/// on which leaving takes its time, where a message does not leave soon: at once, again and again as parts leave, at least twice a second
/// as long as any do, and when all have.
/// </summary>
/// <param name="To">A receiver of the sender's.</param>
/// <param name="ByteCount">0: all has left.</param>
public sealed record Outgoing(string To, long ByteCount);

/// <summary>A watched address is gone.</summary>
public sealed record PeerLost(string Address);
