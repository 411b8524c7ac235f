using System.Collections.Immutable;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;

namespace SplitActors.Simulation.Cluster;

/// <summary>The scheduler as <see cref="SchedulerActor"/> is one, with its state in sight.</summary>
internal sealed class SimulatedScheduler(SchedulerOptions options, IPeers transport, ClusterWatch watch, ProtocolSeams seams, SchedulerInvariants invariants, Action<SchedulerState> show)
    : StepShell<SchedulerState, SchedulerEffect>(new SchedulerState(options), options.Address, transport)
{
    protected override void PreStart()
    {
        options.Validate();
        base.PreStart();
        show(new SchedulerState(options));
    }

    protected override (SchedulerState State, ImmutableArray<SchedulerEffect> Effects) Step(SchedulerState state, object message, TimeSpan now)
    {
        var step = seams.SchedulerStep(state, message, now);
        show(step.State);
        if (invariants.Find(step.State, message, now) is { } fault)
            watch.Violate(options.Address, fault);
        return step;
    }

    protected override void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Send send: Send(send.To, send.Body); break;
            case SchedulerEffect.Watch watched: Watch(watched.Address); break;
        }
    }
}
