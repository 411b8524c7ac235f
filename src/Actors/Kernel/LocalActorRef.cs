using SplitActors.Actors.Kernel.Mailboxes;

namespace SplitActors.Actors.Kernel;

internal sealed class LocalActorRef(ActorSystem system, string path, Mailbox mailbox) : ActorRef(path)
{
    private readonly long _incarnation = system.NextIncarnation();

    internal override ActorSystem System => system;

    /// <summary>Meaningful once the mailbox is closed, which publishes it.</summary>
    internal TerminationReason TerminationReason { get; set; }

    public override void Tell(object message, ActorRef? sender = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        mailbox.Post(new Envelope(message, sender));
    }

    public override string ToString() => $"{Path}#{_incarnation}";

    internal override void Signal(ISystemMessage message) => mailbox.PostSystem(message);
}
