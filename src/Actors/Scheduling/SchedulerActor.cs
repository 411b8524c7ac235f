using System.Collections.Immutable;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Scheduling;

/// <summary>Performs what <see cref="Scheduler"/> decides.</summary>
public sealed class SchedulerActor(SchedulerOptions options, ITransport transport)
    : SteppedActor<SchedulerState, SchedulerEffect>(new SchedulerState(options), options.Address, transport)
{
    protected override void PreStart()
    {
        options.Validate();
        base.PreStart();
    }

    protected override (SchedulerState State, ImmutableArray<SchedulerEffect> Effects) Step(SchedulerState state, object message, TimeSpan now) =>
        Scheduler.Step(state, message, now);

    protected override void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Send send: Send(send.To, send.Body); break;
            case SchedulerEffect.Watch watch: Watch(watch.Address); break;
        }
    }
}
