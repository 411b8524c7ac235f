namespace SplitActors.Actors.Kernel;

/// <summary>What travels on the system lane: handled before any user message, and while the actor is suspended.</summary>
internal interface ISystemMessage
{
    /// <summary>Called in place of delivery if the target has stopped.</summary>
    void Undeliverable(LocalActorRef target);
}

/// <summary>A system message that means nothing to an actor that has stopped.</summary>
internal abstract record ControlMessage : ISystemMessage
{
    public virtual void Undeliverable(LocalActorRef target)
    {
    }
}

internal sealed record StartActor : ControlMessage
{
    public static StartActor Instance { get; } = new();
}

internal sealed record StopActor : ControlMessage
{
    public static StopActor Instance { get; } = new();
}

internal sealed record AddWatcher(ActorRef Watcher) : ControlMessage
{
    public override void Undeliverable(LocalActorRef target) => Watcher.Signal(new Terminated(target, target.TerminationReason));
}

internal sealed record RemoveWatcher(ActorRef Watcher) : ControlMessage;

/// <summary>The child is suspended until a <see cref="Verdict"/> comes.</summary>
/// <param name="Child">Who failed.</param>
/// <param name="Cause">The exception.</param>
/// <param name="Message">The message being handled, if any.</param>
/// <param name="DuringStart">It failed in its factory, PreStart or PostRestart, so it has no state to resume with.</param>
internal sealed record ChildFailed(ActorCell Child, Exception Cause, object? Message, bool DuringStart) : ControlMessage;

internal sealed record ChildTerminated : ControlMessage
{
    public static ChildTerminated Instance { get; } = new();
}

/// <param name="Directive">Resume, Restart or Stop.</param>
internal sealed record Verdict(Directive Directive) : ControlMessage;
