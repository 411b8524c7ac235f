namespace SplitActors.Actors.Kernel;

/// <summary>A tree of actors under "/", and all that they share. Thread-safe.</summary>
public sealed class ActorSystem : IAsyncDisposable
{
    private readonly ActorSystemOptions _options;
    private readonly ActorCell _root;
    private readonly TaskCompletionSource _terminated = new();
    private long _incarnations;
    private long _eventSinkFailures;

    public ActorSystem(ActorSystemOptions options)
    {
        options.Validate();
        _options = options;
        DeadLetters = new DeadLetters(this, options.DeadLetterCapacity);
        var root = new Props(() => new RootActor()) { SupervisorStrategy = options.SupervisorStrategy };
        _root = new ActorCell(this, parent: null, root, "/");
        _root.Self.Signal(StartActor.Instance);
    }

    public string Name => _options.Name;

    public IDispatcher Dispatcher => _options.Dispatcher;

    public TimeProvider TimeProvider => _options.TimeProvider;

    public DeadLetters DeadLetters { get; }

    /// <summary>Completes when every actor has stopped and every PostStop has run.</summary>
    public Task Termination => _terminated.Task;

    /// <summary>Exceptions that the event sink threw.</summary>
    public long EventSinkFailureCount => Interlocked.Read(ref _eventSinkFailures);

    internal int MailboxCapacity => _options.MailboxCapacity;

    internal int ThroughputMax => _options.ThroughputMax;

    /// <summary>Starts a top-level actor, "/name".</summary>
    /// <exception cref="ArgumentException">The name is empty, holds a '/', or belongs to an actor that has not yet terminated.</exception>
    /// <exception cref="InvalidOperationException">The system is terminating.</exception>
    public ActorRef Spawn(Props props, string name) => _root.Spawn(props, name);

    /// <summary>Asks an actor to stop after its current message; what is left in its mailbox goes to dead letters.</summary>
    public void Stop(ActorRef actor)
    {
        if (actor.System != this)
            throw new ArgumentException($"{actor} belongs to the system {actor.System.Name}, not to {Name}.", nameof(actor));
        actor.Signal(StopActor.Instance);
    }

    /// <summary>Stops all actors, children first. May be called more than once.</summary>
    /// <returns><see cref="Termination"/>.</returns>
    public Task TerminateAsync()
    {
        _root.Self.Signal(StopActor.Instance);
        return Termination;
    }

    public ValueTask DisposeAsync() => new(TerminateAsync());

    internal long NextIncarnation() => Interlocked.Increment(ref _incarnations);

    internal void Publish(KernelEvent kernelEvent)
    {
        try
        {
            _options.EventSink?.Invoke(kernelEvent);
        }
        catch (Exception)
        {
            // An observer must not change what it observes: the actor whose turn this is goes on.
            Interlocked.Increment(ref _eventSinkFailures);
        }
    }

    internal void OnRootStopped() => Dispatcher.Execute(new TerminationNotice(_terminated));

    /// <summary>Runs what awaits the termination as work of the dispatcher, so that a simulation stays on its one thread.</summary>
    private sealed class TerminationNotice(TaskCompletionSource terminated) : IThreadPoolWorkItem
    {
        public void Execute() => terminated.TrySetResult();
    }

    private sealed class RootActor : Actor
    {
        protected override void Receive(object message) => Unhandled(message);
    }
}
