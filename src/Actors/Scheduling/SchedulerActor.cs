using System.Collections.Immutable;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Scheduling;

/// <summary>Performs what <see cref="Scheduler"/> decides.</summary>
/// <param name="options">Of its model, and its limits.</param>
/// <param name="transport">The way to workers and devices.</param>
/// <param name="observe">Sees each state, within the actor's turn: must be quick.</param>
public sealed class SchedulerActor(SchedulerOptions options, ITransport transport, Action<SchedulerState>? observe = null)
    : SteppedActor<SchedulerState, SchedulerEffect>(new SchedulerState(options), options.Address, transport)
{
    protected override void PreStart()
    {
        options.Validate();
        base.PreStart();
    }

    protected override (SchedulerState State, ImmutableArray<SchedulerEffect> Effects) Step(SchedulerState state, object message, TimeSpan now)
    {
        var step = Scheduler.Step(state, message, now);
        observe?.Invoke(step.State);
        return step;
    }

    protected override void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Send send: Send(send.To, send.Body); break;
            case SchedulerEffect.Watch watch: Watch(watch.Address); break;
        }
    }
}
