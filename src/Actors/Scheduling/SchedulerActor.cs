using System.Collections.Immutable;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Scheduling;

/// <summary>Performs what <see cref="Scheduler"/> decides for each model.</summary>
/// <param name="models">What it knows of each, and its limits; all with the same address.</param>
/// <param name="transport">The way to workers and devices.</param>
/// <param name="report">Told of devices that send what cannot be right.</param>
/// <param name="observe">Sees the state of each model after each message, within the actor's turn: must be quick.</param>
public sealed class SchedulerActor(ImmutableArray<SchedulerOptions> models, ITransport transport, Action<string>? report = null, Action<ImmutableArray<SchedulerState>>? observe = null)
    : SteppedActor<ImmutableArray<SchedulerState>, SchedulerEffect>([.. models.Select(options => new SchedulerState(options))], models[0].Address, transport)
{
    private readonly RefusalLog _refusals = new(models[0].Address, report);

    protected override void PreStart()
    {
        foreach (var options in models)
            options.Validate();
        base.PreStart();
    }

    protected override (ImmutableArray<SchedulerState> State, ImmutableArray<SchedulerEffect> Effects) Step(ImmutableArray<SchedulerState> state, object message, TimeSpan now)
    {
        var step = ModelRouting.Step(state, message, now);
        observe?.Invoke(step.States);
        return step;
    }

    protected override void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Send send:
                _refusals.Note(send.To, send.Body);
                Send(send.To, send.Body);
                break;
            case SchedulerEffect.Watch watch: Watch(watch.Address); break;
        }
    }
}
