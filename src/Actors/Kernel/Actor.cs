namespace SplitActors.Actors.Kernel;

/// <summary>
/// State behind a mailbox. The kernel calls one method of an instance at a time and publishes its memory from one call to the next,
/// so an actor needs no lock, whatever threads the dispatcher uses.
/// </summary>
/// <remarks>
/// An instance lives from its factory to <see cref="PostStop"/>, which runs exactly once for it, also when <see cref="PreStart"/>
/// failed and also when a restart replaces it. An exception from any other method goes to the parent's <see cref="SupervisorStrategy"/>.
/// </remarks>
public abstract class Actor
{
    private IActorContext? _context;

    /// <summary>Only for use from within the actor's own methods; not yet there in the constructor.</summary>
    protected IActorContext Context => _context ?? throw new InvalidOperationException(
        $"{GetType().Name} has no context until its constructor has returned. Use PreStart.");

    protected abstract void Receive(object message);

    protected virtual void PreStart()
    {
    }

    /// <summary>The children have stopped already. An exception here is reported as <see cref="HookFailed"/>; the stop goes on.</summary>
    protected virtual void PostStop()
    {
    }

    /// <summary>The failed instance may still save its state. Its children are stopped next, then comes <see cref="PostStop"/>.</summary>
    /// <param name="reason">The exception that the supervisor answers with a restart.</param>
    /// <param name="message">The message that failed and is now dropped; null if the actor failed in PreStart or PostRestart.</param>
    protected virtual void PreRestart(Exception reason, object? message)
    {
    }

    /// <summary>Called on the new instance in place of <see cref="PreStart"/>.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>Records a message that this actor does not understand as a dead letter.</summary>
    protected void Unhandled(object message) =>
        Context.System.DeadLetters.Record(new DeadLetter(message, Context.Sender, Context.Self, DeadLetterReason.Unhandled));

    internal void Bind(IActorContext context)
    {
        if (_context is not null)
        {
            throw new InvalidOperationException(
                $"The factory of {context.Self} returned an instance that was in use before. Return a new one each time.");
        }

        _context = context;
    }

    internal void InvokeReceive(object message) => Receive(message);

    internal void InvokePreStart() => PreStart();

    internal void InvokePostStop() => PostStop();

    internal void InvokePreRestart(Exception reason, object? message) => PreRestart(reason, message);

    internal void InvokePostRestart(Exception reason) => PostRestart(reason);
}
