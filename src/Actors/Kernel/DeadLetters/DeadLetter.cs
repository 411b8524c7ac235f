namespace SplitActors.Actors.Kernel;

public enum DeadLetterReason
{
    /// <summary>The target had stopped, or stopped before the message's turn.</summary>
    TargetStopped,

    /// <summary>The target's mailbox held as many messages as it may.</summary>
    MailboxFull,

    /// <summary>A <see cref="MessageRejected"/> whose receiver had as many of them waiting as its mailbox has capacity.</summary>
    RejectionsFull,

    /// <summary>The target did not understand it.</summary>
    Unhandled,

    /// <summary>It was sent to <see cref="ActorSystem.DeadLetters"/>, mostly as an answer to a message without sender.</summary>
    NoRecipient,

    /// <summary>An answer to an ask that was already answered, timed out or cancelled.</summary>
    AskCompleted,

    /// <summary>The result of offloaded work whose actor has stopped or restarted since.</summary>
    OffloadStale,
}

/// <summary>A message that no actor received, and why.</summary>
public sealed record DeadLetter(object Message, ActorRef? Sender, ActorRef Target, DeadLetterReason Reason);
