using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a step wants done; the actor does it in order.</summary>
public abstract record EdgeEffect
{
    public sealed record Send(string To, IMessage Body) : EdgeEffect;

    public sealed record WatchWorker(string Address) : EdgeEffect;

    /// <summary>Load what the plan puts on the device; answered by <see cref="FrontReady"/>.</summary>
    public sealed record PrepareFront(Plan Plan) : EdgeEffect;

    /// <summary>Run tokens through the front; answered by <see cref="FrontComputed"/>.</summary>
    /// <param name="Generated">If the device runs all layers and a token is wanted: those generated so far; else null.</param>
    /// <param name="WorkerKnowsTokens">The worker sampled these tokens or was told them, so that it can predict from them as the device does.</param>
    public sealed record ComputeFront(int Position, ImmutableArray<int> Tokens, ImmutableArray<int>? Generated, bool WorkerKnowsTokens = false) : EdgeEffect;

    /// <summary>A step and its answer had the link for themselves: measure it; answered by <see cref="LinkMeasured"/>.</summary>
    /// <param name="ByteCount">Of both messages.</param>
    /// <param name="Microseconds">Without the worker's own time.</param>
    public sealed record MeasureRoundTrip(long ByteCount, long Microseconds) : EdgeEffect;

    /// <summary>A step or its answer was lost on the way: count it.</summary>
    public sealed record CountLoss : EdgeEffect;

    /// <summary>Send <see cref="AnswerOverdue"/> after a delay; replaces an earlier one.</summary>
    public sealed record StartTimer(TimeSpan Delay) : EdgeEffect;

    public sealed record CancelTimer : EdgeEffect;

    public sealed record Publish(SessionEvent Event) : EdgeEffect;
}
