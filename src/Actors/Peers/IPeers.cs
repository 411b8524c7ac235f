using Google.Protobuf;

namespace SplitActors.Actors.Peers;

/// <summary>
/// The only way to other actors: carries protocol messages between names such as <c>scheduler</c>, <c>worker/gpu1</c> or <c>edge/pi1/17</c>, at most once and in order per sender and receiver.
/// Who is registered gets <see cref="Received"/>; a sender gets <see cref="Undelivered"/> when nobody has the name, a watcher <see cref="PeerLost"/>.
/// </summary>
public interface IPeers
{
    /// <param name="address">Not taken.</param>
    /// <param name="post">Takes what arrives, from any thread, and does not wait.</param>
    void Register(string address, Action<object> post);

    /// <summary>Gives a name up; its watchers are told.</summary>
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
/// What a sender has given to its peers and what has not left yet, up to its last message to <paramref name="To"/>. Told where leaving takes
/// its time, if a message does not leave soon: at once, again and again as parts leave, at least twice a second as long as any do, and when all have.
/// </summary>
/// <param name="To">A receiver of the sender's.</param>
/// <param name="ByteCount">0: all has left.</param>
public sealed record Outgoing(string To, long ByteCount);

/// <summary>A watched peer is gone.</summary>
public sealed record PeerLost(string Address);
