namespace SplitActors.Actors.Kernel;

/// <summary>What happens to an actor that failed. The message that it failed on is dropped in every case.</summary>
public enum Directive
{
    /// <summary>It goes on with its state. If it failed while starting, it has none: this is then a restart.</summary>
    Resume,

    /// <summary>A new instance takes its place; ref, mailbox and watches stay, children and timers do not.</summary>
    Restart,

    /// <summary>It stops, with <see cref="TerminationReason.Failed"/>.</summary>
    Stop,

    /// <summary>Its parent fails with the same exception. If the parent is resumed, so is it.</summary>
    Escalate,
}
