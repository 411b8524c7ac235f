using System.Collections.Immutable;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Scheduling;

/// <summary>The scheduler of all models.</summary>
/// <param name="models">What it knows of each, and its limits; all with the same address.</param>
/// <param name="peers">The way to workers and devices.</param>
/// <param name="lanes">Threads that compute.</param>
/// <param name="report">Told of devices that send what cannot be right.</param>
/// <param name="observe">Sees the state of each model after each message, within the actor's turn: must be quick.</param>
public sealed class SchedulerActor(
    ImmutableArray<SchedulerOptions> models, IPeers peers, ComputeLanes lanes, Action<string>? report = null, Action<ImmutableArray<SchedulerState>>? observe = null)
    : StepActor(() => new SchedulerShell(models, peers, report, observe), lanes);

/// <summary>Performs what <see cref="Scheduler"/> decides for each model.</summary>
public sealed class SchedulerShell(ImmutableArray<SchedulerOptions> models, IPeers peers, Action<string>? report = null, Action<ImmutableArray<SchedulerState>>? observe = null)
    : StepShell<ImmutableArray<SchedulerState>, SchedulerEffect>([.. models.Select(options => new SchedulerState(options))], models[0].Address, peers)
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
