using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Simulation.Arithmetic;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Simulation.Cluster;

/// <summary>A device's session as <see cref="EdgeActor"/> is one, but on <see cref="ChainFront"/>s, and in virtual time.</summary>
internal sealed class SimulatedEdge(EdgeState initial, ITransport transport, ClusterCosts costs, ObservedSession session, ClusterWatch watch, ProtocolSeams seams, SplitMix64 random)
    : SteppedActor<EdgeState, EdgeEffect>(initial, initial.Options.Address, transport)
{
    private const int JitterPercentMax = 10;
    private const int Float16Bytes = 2;

    private static readonly TimeSpan LoadTime = TimeSpan.FromMilliseconds(200);

    private readonly EdgeOptions _options = initial.Options;
    private readonly LinkMeter _meter = new();
    private ChainFront? _front;
    private ChainFront? _prepared;
    private ChainFront? _source;
    private EdgeState _last = initial;

    protected override void PreStart()
    {
        _options.Validate();
        base.PreStart();
    }

    protected override void Receive(object message)
    {
        if (message is ChainFront loaded)
        {
            _prepared = loaded;
            message = new FrontReady();
        }

        base.Receive(message);
        if (EdgeInvariants.Find(_last, _options) is { } fault)
            watch.Violate(_options.Address, fault);
        if (_last.GeneratedCount != session.TokenCount)
            watch.Violate(_options.Address, $"{_last.GeneratedCount} tokens are generated, {session.TokenCount} published");
    }

    protected override (EdgeState State, ImmutableArray<EdgeEffect> Effects) Step(EdgeState state, object message, TimeSpan now)
    {
        var step = seams.EdgeStep(state, message, now);
        _last = step.State;
        return step;
    }

    protected override void Perform(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Send send: Send(send.To, send.Body); break;
            case EdgeEffect.WatchWorker watched: Watch(watched.Address); break;
            case EdgeEffect.PrepareFront prepare: Prepare(prepare.Plan); break;
            case EdgeEffect.SwitchFront change:
                _source = change.KeepsSource ? _front : null;
                (_front, _prepared) = (_prepared, null);
                break;
            case EdgeEffect.ShipKeysAndValues ship: Context.Timers.StartSingle("compute", _source!.Ship(ship, _front), TimeSpan.FromMicroseconds(1)); break;
            case EdgeEffect.DropSource: _source = null; break;
            case EdgeEffect.DropPrepared: _prepared = null; break;
            case EdgeEffect.ComputeFront compute: Compute(compute); break;
            case EdgeEffect.MeasureRoundTrip trip: Measure(trip); break;
            case EdgeEffect.CountLoss: _meter.Lost(); break;
            case EdgeEffect.StartTimer timer: Context.Timers.StartSingle("answer", new AnswerOverdue(), timer.Delay); break;
            case EdgeEffect.CancelTimer: Context.Timers.Cancel("answer"); break;
            case EdgeEffect.StartProbe probe: Context.Timers.StartSingle("probe", new ProbeDue(), probe.Delay); break;
            case EdgeEffect.StartReporting reporting: Context.Timers.StartPeriodic("report", new ReportDue(), reporting.Period); break;
            case EdgeEffect.Publish published: Publish(published.Event); break;
        }
    }

    /// <summary>What a session starts with, and the device alone, can always be loaded, and what a move needs mostly.</summary>
    private void Prepare(Plan plan)
    {
        if (plan.Mode == ExecutionMode.Cloud)
        {
            Context.Self.Tell(new FrontReady());
            return;
        }

        var isUnavailable = session.LoadFailureRate > 0 && _last.Relocation is { IsFirst: false, IsFallback: false } && random.NextFraction() < session.LoadFailureRate;
        object loaded = isUnavailable
            ? new FrontUnavailable("The device has no memory for it.")
            : new ChainFront((int)plan.SplitLayer, _options.LayerCount, costs.Config.HiddenSize * Float16Bytes, _options.Sampling);
        Context.Timers.StartSingle("load", loaded, LoadTime * session.Slowdown());
    }

    private void Compute(EdgeEffect.ComputeFront work)
    {
        var front = _front!;
        var time = costs.DeviceTime(front.SplitLayer, work.Tokens.Length, work.Position + work.Tokens.Length)
            * session.Slowdown() * (1 + (0.01 * random.Next(JitterPercentMax + 1)));
        Context.Timers.StartSingle("compute", front.Compute(work, (long)time.TotalMicroseconds), time);
    }

    private void Measure(EdgeEffect.MeasureRoundTrip trip)
    {
        _meter.RoundTrip(trip.ByteCount, TimeSpan.FromMicroseconds(trip.Microseconds).TotalSeconds);
        if (_meter.Observation is { } observation)
            Context.Self.Tell(new LinkMeasured(observation));
    }

    private void Publish(SessionEvent sessionEvent)
    {
        session.Add(sessionEvent);
        if (sessionEvent is SessionEnded)
            Context.Stop(Context.Self);
    }
}
