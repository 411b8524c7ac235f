using System.Collections.Immutable;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Edge;

/// <summary>A device's session: performs what <see cref="EdgeSession"/> decides, on fronts of some kind, and stops itself at the end.</summary>
/// <typeparam name="TFront">The layers that a plan puts on the device, with their keys and values.</typeparam>
/// <param name="initial">An idle session.</param>
/// <param name="transport">The way to scheduler and worker.</param>
/// <param name="publish">Told what happens, in order, within the actor's turns: must be quick.</param>
public abstract class EdgeShell<TFront>(EdgeState initial, IPeers transport, Action<SessionEvent> publish)
    : StepShell<EdgeState, EdgeEffect>(initial, initial.Options.Address, transport)
    where TFront : class
{
    private const string AnswerTimer = "answer";
    private const string ProbeTimer = "probe";
    private const string ReportTimer = "report";

    private readonly EdgeOptions _options = initial.Options;
    private readonly LinkMeter _meter = new();
    private TFront? _front;
    private TFront? _prepared;
    private TFront? _source;

    /// <summary>Later brings the front that a plan other than cloud mode asks for, or <see cref="FrontUnavailable"/>.</summary>
    protected abstract void Load(Plan plan);

    /// <summary>Later brings a <see cref="FrontComputed"/>.</summary>
    protected abstract void Compute(TFront front, EdgeEffect.ComputeFront work);

    /// <summary>Later brings what comes of it.</summary>
    protected abstract void Ship(TFront source, TFront? front, EdgeEffect.ShipKeysAndValues work);

    /// <summary>The session needs it no more, though a computation that runs may.</summary>
    protected virtual void Release(TFront front)
    {
    }

    protected override void PreStart()
    {
        _options.Validate();
        base.PreStart();
    }

    protected override void PostStop()
    {
        base.PostStop();
        Release(ref _front);
        Release(ref _prepared);
        Release(ref _source);
    }

    public override void Receive(object message)
    {
        if (message is TFront loaded)
        {
            _prepared = loaded;
            message = new FrontReady();
        }

        base.Receive(message);
    }

    protected override (EdgeState State, ImmutableArray<EdgeEffect> Effects) Step(EdgeState state, object message, TimeSpan now) =>
        EdgeSession.Step(state, message, now);

    protected override void Perform(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Send send: Send(send.To, send.Body); break;
            case EdgeEffect.WatchWorker watch: Watch(watch.Address); break;
            case EdgeEffect.PrepareFront prepare: Prepare(prepare.Plan); break;
            case EdgeEffect.SwitchFront change: Switch(change.KeepsSource); break;
            case EdgeEffect.ShipKeysAndValues ship: Ship(_source!, _front, ship); break;
            case EdgeEffect.DropSource: Release(ref _source); break;
            case EdgeEffect.DropPrepared: Release(ref _prepared); break;
            case EdgeEffect.ComputeFront compute: Compute(_front!, compute); break;
            case EdgeEffect.MeasureRoundTrip trip: Measure(trip); break;
            case EdgeEffect.CountLoss: _meter.Lost(); break;
            case EdgeEffect.StartTimer timer: Host.StartTimer(AnswerTimer, new AnswerOverdue(), timer.Delay); break;
            case EdgeEffect.CancelTimer: Host.CancelTimer(AnswerTimer); break;
            case EdgeEffect.StartProbe probe: Host.StartTimer(ProbeTimer, new ProbeDue(), probe.Delay); break;
            case EdgeEffect.StartReporting reporting: Host.StartPeriodicTimer(ReportTimer, new ReportDue(), reporting.Period); break;
            case EdgeEffect.Publish published: Publish(published.Event); break;
        }
    }

    /// <summary>The end stops the shell.</summary>
    protected void Publish(SessionEvent sessionEvent)
    {
        publish(sessionEvent);
        if (sessionEvent is SessionEnded)
            Host.Stop();
    }

    private void Prepare(Plan plan)
    {
        if (plan.Mode == ExecutionMode.Cloud)
            Host.Post(new FrontReady());
        else
            Load(plan);
    }

    private void Switch(bool keepsSource)
    {
        Release(ref _source);
        if (keepsSource)
            (_source, _front) = (_front, null);
        Release(ref _front);
        (_front, _prepared) = (_prepared, null);
    }

    private void Release(ref TFront? front)
    {
        if (front is not null)
            Release(front);
        front = null;
    }

    private void Measure(EdgeEffect.MeasureRoundTrip trip)
    {
        _meter.RoundTrip(trip.ByteCount, TimeSpan.FromMicroseconds(trip.Microseconds).TotalSeconds);
        if (_meter.Observation is { } observation)
            Host.Post(new LinkMeasured(observation));
    }
}
