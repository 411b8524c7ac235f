using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>A device without a model: its layers take a virtual time for each token, and its frames have drawn sizes.</summary>
internal sealed class TimedEdge(EdgeState initial, ITransport transport, TimeSpan tokenTime, ulong seed, Action<SessionEvent> publish)
    : SteppedActor<EdgeState, EdgeEffect>(initial, initial.Options.Address, transport)
{
    private readonly SplitMix64 _random = new(seed);
    private readonly LinkMeter _meter = new();

    protected override (EdgeState State, ImmutableArray<EdgeEffect> Effects) Step(EdgeState state, object message, TimeSpan now) =>
        EdgeSession.Step(state, message, now);

    protected override void Perform(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Send send: Send(send.To, send.Body); break;
            case EdgeEffect.WatchWorker watch: Watch(watch.Address); break;
            case EdgeEffect.PrepareFront: Context.Self.Tell(new FrontReady()); break;
            case EdgeEffect.ComputeFront compute: Compute(compute); break;
            case EdgeEffect.MeasureRoundTrip trip: Measure(trip); break;
            case EdgeEffect.CountLoss: _meter.Lost(); break;
            case EdgeEffect.StartTimer timer: Context.Timers.StartSingle("answer", new AnswerOverdue(), timer.Delay); break;
            case EdgeEffect.CancelTimer: Context.Timers.Cancel("answer"); break;
            case EdgeEffect.Publish published:
                publish(published.Event);
                if (published.Event is SessionEnded)
                    Context.Stop(Context.Self);
                break;
        }
    }

    private void Compute(EdgeEffect.ComputeFront work)
    {
        var count = work.Tokens.Length;
        var frame = ByteString.CopyFrom(new byte[count * (100 + _random.Next(200))]);
        var time = count * tokenTime * (0.9 + (0.01 * _random.Next(11)));
        var computed = new FrontComputed(work.Position, count, frame, new FrameStatistics { FrameBytes = frame.Length }, Token: null, (long)time.TotalMicroseconds, 0);
        Context.Timers.StartSingle("compute", computed, time);
    }

    private void Measure(EdgeEffect.MeasureRoundTrip trip)
    {
        _meter.RoundTrip(trip.ByteCount, TimeSpan.FromMicroseconds(trip.Microseconds).TotalSeconds);
        if (_meter.Observation is { } observation)
            Context.Self.Tell(new LinkMeasured(observation));
    }
}
