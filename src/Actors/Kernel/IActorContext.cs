namespace SplitActors.Actors.Kernel;

/// <summary>What an actor may do besides answering: valid only within its own methods, never from another thread.</summary>
public interface IActorContext
{
    ActorRef Self { get; }

    /// <summary>Who sent the current message; <see cref="ActorSystem.DeadLetters"/> if nobody did.</summary>
    ActorRef Sender { get; }

    ActorRef Parent { get; }

    /// <summary>A snapshot of the children that have not yet terminated.</summary>
    IReadOnlyList<ActorRef> Children { get; }

    ActorSystem System { get; }

    IDispatcher Dispatcher { get; }

    TimeProvider TimeProvider { get; }

    ActorTimers Timers { get; }

    /// <summary>Starts a child. Messages may be sent to it at once.</summary>
    /// <exception cref="ArgumentException">The name is empty, holds a '/', or belongs to a child that has not yet terminated.</exception>
    /// <exception cref="InvalidOperationException">This actor is stopping.</exception>
    ActorRef Spawn(Props props, string name);

    /// <summary>
    /// Asks an actor (itself, a child, any other) to stop after its current message. What is left in its mailbox goes to dead letters.
    /// </summary>
    void Stop(ActorRef actor);

    /// <summary>
    /// Brings one <see cref="Terminated"/> when the actor stops, or at once if it has. A second watch before that changes nothing.
    /// Watches outlast a restart of the watcher. Watching itself does nothing.
    /// </summary>
    void Watch(ActorRef actor);

    /// <summary>After this, no <see cref="Terminated"/> of the actor arrives, even if one is on its way.</summary>
    void Unwatch(ActorRef actor);

    /// <summary>
    /// Runs work on the dispatcher, beside the mailbox, and delivers what it returns to this actor as a message without sender;
    /// if it throws, a <see cref="Failure"/> instead, so that a lost computation is an ordinary case of Receive and not a restart.
    /// The result has a reserved place: a full mailbox cannot lose it. If the actor has stopped or restarted meanwhile,
    /// the result becomes a dead letter (<see cref="DeadLetterReason.OffloadStale"/>). The work must not touch the actor's state.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="Props.OffloadsMax"/> works are in flight.</exception>
    void RunOffloaded(Func<object> work);
}
