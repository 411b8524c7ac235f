namespace SplitActors.Actors.Kernel.Mailboxes;

internal readonly record struct Envelope(object Message, ActorRef? Sender);

/// <summary>
/// A user-lane message that takes no place of the mailbox's capacity, because its source holds one for it and has at most one
/// message of its own waiting. So neither a timer nor a result is lost to a full mailbox, and the lane stays bounded.
/// </summary>
internal abstract class ReservedMessage
{
    /// <summary>In the actor's turn: what to deliver, or null if it is out of date by now.</summary>
    internal abstract object? Claim();

    /// <summary>Called in place of <see cref="Claim"/> if the actor has stopped.</summary>
    internal abstract void Undeliverable();
}
