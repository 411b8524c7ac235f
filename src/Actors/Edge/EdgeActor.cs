using System.Collections.Immutable;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
using SplitActors.Inference;

namespace SplitActors.Actors.Edge;

/// <summary>
/// A device's session: performs what <see cref="EdgeSession"/> decides. Tell it <see cref="StartSession"/>; it stops itself at the end.
/// </summary>
/// <param name="initial">An idle session.</param>
/// <param name="transport">The way to scheduler and worker.</param>
/// <param name="loadFront">Loads what a plan puts on the device; runs beside the mailbox. The front is disposed with the session.</param>
/// <param name="publish">Told what happens, in order, within the actor's turns: must be quick.</param>
public sealed class EdgeActor(EdgeState initial, ITransport transport, Func<Plan, FrontEngine> loadFront, Action<SessionEvent> publish)
    : SteppedActor<EdgeState, EdgeEffect>(initial, initial.Options.Address, transport)
{
    private const string AnswerTimer = "answer";
    private const string ProbeTimer = "probe";
    private const string ReportTimer = "report";

    private readonly EdgeOptions _options = initial.Options;
    private readonly LinkMeter _meter = new();
    private FrontEngine? _front;
    private FrontEngine? _prepared;
    private FrontEngine? _source;

    protected override void PreStart()
    {
        _options.Validate();
        base.PreStart();
    }

    protected override void PostStop()
    {
        base.PostStop();
        _front?.Dispose();
        _prepared?.Dispose();
        _source?.Dispose();
    }

    /// <summary>A session cannot be restarted: its cache is lost.</summary>
    protected override void PreRestart(Exception reason, object? message)
    {
        publish(new SessionEnded(EndReason.Failed, $"The session failed: {reason.Message}"));
        Context.Stop(Context.Self);
    }

    protected override void Receive(object message)
    {
        if (message is FrontEngine loaded)
        {
            _prepared = loaded;
            message = new FrontReady();
        }
        else if (message is Failure failure)
        {
            message = new FrontFailed(failure.Cause is UserErrorException ? failure.Cause.Message : $"The device cannot compute: {failure.Cause.Message}");
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
            case EdgeEffect.DropSource: DropSource(); break;
            case EdgeEffect.DropPrepared: DropPrepared(); break;
            case EdgeEffect.ComputeFront compute: Compute(_front!, compute); break;
            case EdgeEffect.MeasureRoundTrip trip: Measure(trip); break;
            case EdgeEffect.CountLoss: _meter.Lost(); break;
            case EdgeEffect.StartTimer timer: Context.Timers.StartSingle(AnswerTimer, new AnswerOverdue(), timer.Delay); break;
            case EdgeEffect.CancelTimer: Context.Timers.Cancel(AnswerTimer); break;
            case EdgeEffect.StartProbe probe: Context.Timers.StartSingle(ProbeTimer, new ProbeDue(), probe.Delay); break;
            case EdgeEffect.StartReporting reporting: Context.Timers.StartPeriodic(ReportTimer, new ReportDue(), reporting.Period); break;
            case EdgeEffect.Publish published: Publish(published.Event); break;
        }
    }

    private void Prepare(Plan plan)
    {
        if (plan.Mode == ExecutionMode.Cloud)
            Context.Self.Tell(new FrontReady());
        else
            Context.RunOffloaded(() => Load(plan));
    }

    private object Load(Plan plan)
    {
        try
        {
            return loadFront(plan);
        }
        catch (Exception failure) when (failure is UserErrorException or OutOfMemoryException)
        {
            return new FrontUnavailable(failure.Message);
        }
    }

    private void Switch(bool keepsSource)
    {
        DropSource();
        if (keepsSource)
            _source = _front;
        else
            _front?.Dispose();
        (_front, _prepared) = (_prepared, null);
    }

    private void Ship(FrontEngine source, FrontEngine? front, EdgeEffect.ShipKeysAndValues work) => Context.RunOffloaded(() => source.Ship(work, front));

    private void DropSource()
    {
        _source?.Dispose();
        _source = null;
    }

    private void DropPrepared()
    {
        _prepared?.Dispose();
        _prepared = null;
    }

    private void Compute(FrontEngine front, EdgeEffect.ComputeFront work) => Context.RunOffloaded(() => front.Compute(work));

    private void Measure(EdgeEffect.MeasureRoundTrip trip)
    {
        _meter.RoundTrip(trip.ByteCount, TimeSpan.FromMicroseconds(trip.Microseconds).TotalSeconds);
        if (_meter.Observation is { } observation)
            Context.Self.Tell(new LinkMeasured(observation));
    }

    private void Publish(SessionEvent sessionEvent)
    {
        publish(sessionEvent);
        if (sessionEvent is SessionEnded)
            Context.Stop(Context.Self);
    }
}
