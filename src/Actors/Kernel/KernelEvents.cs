namespace SplitActors.Actors.Kernel;

/// <summary>What happened in the kernel that no message tells: for logs, metrics and live inspection.</summary>
/// <param name="Actor">The actor that it happened to.</param>
public abstract record KernelEvent(ActorRef Actor);

public sealed record DeadLettered(DeadLetter Letter) : KernelEvent(Letter.Target);

/// <summary>An actor threw.</summary>
/// <param name="Actor">The actor that threw.</param>
/// <param name="Cause">What it threw.</param>
/// <param name="Message">The message that is dropped with it; null if it failed while starting.</param>
/// <param name="Directive">What its supervisor answered, after limits.</param>
public sealed record ActorFailed(ActorRef Actor, Exception Cause, object? Message, Directive Directive) : KernelEvent(Actor);

public sealed record ActorRestarted(ActorRef Actor, Exception Cause) : KernelEvent(Actor);

public sealed record ActorStopped(ActorRef Actor, TerminationReason Reason) : KernelEvent(Actor);

/// <summary>PostStop or PreRestart threw; the stop or restart went on.</summary>
public sealed record HookFailed(ActorRef Actor, string Hook, Exception Cause) : KernelEvent(Actor);
