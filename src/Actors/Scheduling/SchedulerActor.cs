using SplitActors.Actors.Kernel;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Scheduling;

/// <summary>Performs what <see cref="Scheduler"/> decides.</summary>
public sealed class SchedulerActor(SchedulerOptions options, ITransport transport) : Actor
{
    private SchedulerState _state = new(options);
    private long _startTimestamp;
    private bool _isRegistered;

    protected override void PreStart()
    {
        options.Validate();
        _startTimestamp = Context.TimeProvider.GetTimestamp();
        transport.Register(options.Address, Context.Self);
        _isRegistered = true;
    }

    /// <summary>Runs also if the address was taken: then it is not this actor's to give up.</summary>
    protected override void PostStop()
    {
        if (_isRegistered)
            transport.Unregister(options.Address);
    }

    protected override void Receive(object message)
    {
        var (state, effects) = Scheduler.Step(_state, message, Context.TimeProvider.GetElapsedTime(_startTimestamp));
        _state = state;
        foreach (var effect in effects)
            Perform(effect);
    }

    private void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Send send: transport.Send(options.Address, send.To, send.Body); break;
            case SchedulerEffect.Watch watch: transport.Watch(watch.Address, options.Address); break;
        }
    }
}
