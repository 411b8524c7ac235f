namespace SplitActors.Actors.Kernel;

public enum TerminationReason
{
    /// <summary>It was asked to stop, or its parent stopped or restarted.</summary>
    Stopped,

    /// <summary>It failed, and its supervisor answered with a stop.</summary>
    Failed,
}

/// <summary>A watched actor has stopped. It overtakes user messages that the actor sent before.</summary>
public sealed record Terminated(ActorRef Actor, TerminationReason Reason) : ISystemMessage
{
    void ISystemMessage.Undeliverable(LocalActorRef target)
    {
    }
}

/// <summary>A message was not accepted; it is a dead letter now. Sent to its sender, if it had one.</summary>
public sealed record MessageRejected(object Message, ActorRef Target, DeadLetterReason Reason) : ISystemMessage
{
    void ISystemMessage.Undeliverable(LocalActorRef target) =>
        target.System.DeadLetters.Record(new DeadLetter(this, Target, target, DeadLetterReason.TargetStopped));
}

/// <summary>The message that stands for an exception: from work that was offloaded, or as the answer that fails an ask.</summary>
public sealed record Failure(Exception Cause);
