namespace SplitActors.Actors.Kernel;

/// <summary>Where undeliverable messages end. A ref itself, so that answering a message without sender is harmless. Thread-safe.</summary>
public sealed class DeadLetters : ActorRef
{
    private readonly ActorSystem _system;
    private readonly int _capacity;
    private readonly Queue<DeadLetter> _newest;
    private readonly Lock _lock = new();
    private long _count;

    internal DeadLetters(ActorSystem system, int capacity)
        : base("/deadLetters")
    {
        _system = system;
        _capacity = capacity;
        _newest = new Queue<DeadLetter>(capacity);
    }

    /// <summary>All dead letters so far, also those no longer kept.</summary>
    public long Count => Interlocked.Read(ref _count);

    internal override ActorSystem System => _system;

    /// <summary>The newest dead letters, oldest first.</summary>
    public IReadOnlyList<DeadLetter> Snapshot()
    {
        lock (_lock)
            return [.. _newest];
    }

    public override void Tell(object message, ActorRef? sender = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        Record(new DeadLetter(message, sender, this, DeadLetterReason.NoRecipient));
    }

    internal void Record(DeadLetter letter)
    {
        Interlocked.Increment(ref _count);
        lock (_lock)
        {
            if (_newest.Count == _capacity)
                _newest.Dequeue();
            _newest.Enqueue(letter);
        }

        _system.Publish(new DeadLettered(letter));
    }

    internal override void Signal(ISystemMessage message)
    {
        // Never stops, supervises nobody: only a rejection says something, and that is a dead letter already.
    }
}
