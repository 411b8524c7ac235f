namespace SplitActors.Actors.Kernel;

public sealed record ActorSystemOptions
{
    public string Name { get; init; } = "splitactors";

    public required IDispatcher Dispatcher { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    /// <summary>User messages that may wait in a mailbox whose <see cref="Props"/> do not say.</summary>
    public int MailboxCapacity { get; init; } = 1024;

    /// <summary>Most messages that an actor handles before it lets others run.</summary>
    public int ThroughputMax { get; init; } = 32;

    /// <summary>Newest dead letters that are kept; all of them are counted and go to the event sink.</summary>
    public int DeadLetterCapacity { get; init; } = 256;

    /// <summary>For the top-level actors. <see cref="Directive.Escalate"/> here means stop: nobody is above.</summary>
    public SupervisorStrategy SupervisorStrategy { get; init; } = SupervisorStrategy.Default;

    /// <summary>Called from many threads, within the actors' turns: must be quick. What it throws is counted and dropped.</summary>
    public Action<KernelEvent>? EventSink { get; init; }

    internal void Validate()
    {
        RequirePositive(MailboxCapacity, nameof(MailboxCapacity));
        RequirePositive(ThroughputMax, nameof(ThroughputMax));
        RequirePositive(DeadLetterCapacity, nameof(DeadLetterCapacity));
    }

    private static void RequirePositive(int value, string option)
    {
        if (value < 1)
            throw new ArgumentException($"{nameof(ActorSystemOptions)}.{option} is at least 1; found {value}.", nameof(option));
    }
}
