using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Kernel;

namespace SplitActors.Actors.Transport;

/// <summary>
/// A thin shell over a pure step: an actor with an address that hands each message and the time to the step, keeps the state, and
/// performs the effects in order.
/// </summary>
/// <param name="initial">State of a new instance.</param>
/// <param name="address">Registered while the actor lives.</param>
/// <param name="transport">The way to other addresses.</param>
public abstract class SteppedActor<TState, TEffect>(TState initial, string address, ITransport transport) : Actor
{
    private TState _state = initial;
    private long _startTimestamp;
    private bool _isRegistered;

    protected abstract (TState State, ImmutableArray<TEffect> Effects) Step(TState state, object message, TimeSpan now);

    protected abstract void Perform(TEffect effect);

    protected override void PreStart()
    {
        _startTimestamp = Context.TimeProvider.GetTimestamp();
        transport.Register(address, Context.Self);
        _isRegistered = true;
    }

    /// <summary>Runs also if the address was taken: then it is not this actor's to give up.</summary>
    protected override void PostStop()
    {
        if (_isRegistered)
            transport.Unregister(address);
    }

    protected override void Receive(object message)
    {
        var (state, effects) = Step(_state, message, Context.TimeProvider.GetElapsedTime(_startTimestamp));
        _state = state;
        foreach (var effect in effects)
            Perform(effect);
    }

    protected void Send(string to, IMessage body) => transport.Send(address, to, body);

    protected void Watch(string peer) => transport.Watch(peer, address);
}
