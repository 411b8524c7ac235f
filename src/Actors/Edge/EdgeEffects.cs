using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a step wants done; the actor does it in order.</summary>
public abstract record EdgeEffect
{
    public sealed record Send(string To, IMessage Body) : EdgeEffect;

    public sealed record WatchWorker(string Address) : EdgeEffect;

    /// <summary>Load what the plan puts on the device, beside what runs there; answered by <see cref="FrontReady"/> or <see cref="FrontUnavailable"/>.</summary>
    public sealed record PrepareFront(Plan Plan) : EdgeEffect;

    /// <summary>Compute with what was prepared last, and free what it replaces.</summary>
    /// <param name="KeepsSource">What it replaces has keys and values to ship.</param>
    public sealed record SwitchFront(bool KeepsSource = false) : EdgeEffect;

    /// <summary>Encode keys and values of what was replaced last; answered by <see cref="FrontComputed"/>.</summary>
    public sealed record ShipKeysAndValues(int Position, int Count, bool IsExact) : EdgeEffect;

    /// <summary>All is shipped, or nothing more will be: free what was replaced last.</summary>
    public sealed record DropSource : EdgeEffect;

    /// <summary>Free what was prepared last: the session stays where it is.</summary>
    public sealed record DropPrepared : EdgeEffect;

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

    /// <summary>Send <see cref="ReportDue"/> again and again.</summary>
    public sealed record StartReporting(TimeSpan Period) : EdgeEffect;

    /// <summary>Send <see cref="ProbeDue"/> after a delay; replaces an earlier one.</summary>
    public sealed record StartProbe(TimeSpan Delay) : EdgeEffect;

    public sealed record Publish(SessionEvent Event) : EdgeEffect;
}
