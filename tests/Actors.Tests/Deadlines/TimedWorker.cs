using System.Collections.Immutable;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>A worker without a model: its batches take a virtual time, times a slowdown, and a little more.</summary>
internal sealed class TimedWorker(WorkerOptions options, TimeSpan passTime, TimeSpan rowTime, ITransport transport, ulong seed, Func<double> slowdown)
    : SteppedActor<WorkerState, WorkerEffect>(new WorkerState(options), options.Address, transport)
{
    private readonly SplitMix64 _random = new(seed);

    protected override void PreStart()
    {
        base.PreStart();
        Context.Timers.StartPeriodic("status", new StatusDue(), options.StatusPeriod);
        Receive(new StatusDue());
    }

    protected override (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now) =>
        BackendWorker.Step(state, message, now);

    protected override void Perform(WorkerEffect effect)
    {
        switch (effect)
        {
            case WorkerEffect.Send send: Send(send.To, send.Body); break;
            case WorkerEffect.Watch watch: Watch(watch.Address); break;
            case WorkerEffect.ComputeBatch compute: Compute(compute.Entries); break;
            case WorkerEffect.Remind remind: Context.Timers.StartSingle("gather", new GatheringOver(), remind.After); break;
        }
    }

    private void Compute(ImmutableArray<BatchEntry> entries)
    {
        var rows = entries.Sum(entry => (int)entry.Step.TokenCount);
        var time = slowdown() * (passTime + (rows * rowTime)) * (1 + (0.01 * _random.Next(11)));
        var results = entries.Select(entry => new EntryResult(entry, entry.Step.Samples ? 1 + _random.Next(50) : null, Refusal: null, KvBytes: 0));
        Context.Timers.StartSingle("batch", new BatchComputed([.. results], DecodeUs: 0, (long)time.TotalMicroseconds), time);
    }
}
