using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Stepping;

/// <summary>What a host runs: it is started once, gets one message at a time, and is stopped once, also if it failed to start.</summary>
public interface IStepShell
{
    void Start(IStepHost host);

    void Receive(object message);

    /// <summary>It threw, and a new one takes its place; <see cref="Stop"/> comes next.</summary>
    void Fail(Exception reason);

    void Stop();
}

/// <summary>
/// A thin shell over a pure step: it hands each message and the time to the step, keeps the state, and performs the effects in order.
/// </summary>
/// <param name="initial">State of a new shell.</param>
/// <param name="name">Its own among its peers, while it runs.</param>
/// <param name="peers">The way to others.</param>
public abstract class StepShell<TState, TEffect>(TState initial, string name, IPeers peers) : IStepShell
{
    private TState _state = initial;
    private IStepHost? _host;
    private bool _isRegistered;

    protected IStepHost Host => _host ?? throw new InvalidOperationException($"{GetType().Name} is not started.");

    public void Start(IStepHost host)
    {
        _host = host;
        PreStart();
    }

    public virtual void Receive(object message)
    {
        var (state, effects) = Step(_state, message, Host.Now);
        _state = state;
        foreach (var effect in effects)
            Perform(effect);
    }

    public virtual void Fail(Exception reason)
    {
    }

    public void Stop() => PostStop();

    protected abstract (TState State, ImmutableArray<TEffect> Effects) Step(TState state, object message, TimeSpan now);

    protected abstract void Perform(TEffect effect);

    protected virtual void PreStart()
    {
        peers.Register(name, Host.Post);
        _isRegistered = true;
    }

    /// <summary>Runs also if the name was taken: then it is not this shell's to give up.</summary>
    protected virtual void PostStop()
    {
        if (_isRegistered)
            peers.Unregister(name);
    }

    protected void Send(string to, IMessage body) => peers.Send(name, to, body);

    protected void Watch(string peer) => peers.Watch(peer, name);
}
