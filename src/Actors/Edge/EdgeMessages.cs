using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Edge;

// Commands and events that reach a session beside the protocol's messages.

/// <summary>Starts the session with an encoded prompt of at least one token.</summary>
public sealed record StartSession(ImmutableList<int> Prompt);

/// <summary>Ends the session at once; what is generated stays.</summary>
public sealed record CancelSession;

/// <summary>The front segment of the plan is loaded.</summary>
public sealed record FrontReady;

/// <summary>The front segment of the plan cannot be loaded. A session that goes on without it stays where it is.</summary>
public sealed record FrontUnavailable(string Detail);

/// <summary>A chunk has gone through the front. <paramref name="Token"/> is set when the device runs all layers.</summary>
public sealed record FrontComputed(
    int Position, int Count, ByteString? Frame, FrameStatistics? Statistics, int? Token, long ComputeUs, long EncodeUs)
{
    /// <summary>The frame holds keys and values.</summary>
    public bool IsKeysAndValues { get; init; }
}

/// <summary>The front could not compute; the session ends.</summary>
public sealed record FrontFailed(string Detail);

/// <summary>The device has more or less memory for the session's process than it had; 0: no limit.</summary>
public sealed record DeviceMemoryChanged(ulong MemoryBytesMax);

/// <summary>The measurement of the link has changed.</summary>
public sealed record LinkMeasured(LinkObservation Measurement);

/// <summary>An answer is overdue.</summary>
public sealed record AnswerOverdue;

/// <summary>Time to let the scheduler hear of the session, whatever it does.</summary>
public sealed record ReportDue;

/// <summary>Time to ask whether the scheduler answers again.</summary>
public sealed record ProbeDue;

// What a session tells its owner.

public abstract record SessionEvent;

public sealed record SessionPlanned(Plan Plan) : SessionEvent;

public sealed record TokenGenerated(int Token, TokenBill Bill) : SessionEvent;

/// <summary>Load or link have changed, and with them what the scheduler promises for the tokens that follow.</summary>
public sealed record DeadlineUpdated(Deadline Deadline) : SessionEvent;

/// <summary>What the link had shown at the end; published before <see cref="SessionEnded"/>.</summary>
public sealed record LinkObserved(LinkObservation Observation) : SessionEvent;

/// <summary>A worker was lost; the session goes on with another after replaying its frames.</summary>
public sealed record WorkerReplaced(string Lost, string Reason) : SessionEvent;

/// <summary>The session went on in another mode or with another split; published with the first token from there.</summary>
/// <param name="From">Until then.</param>
/// <param name="To">Since then.</param>
/// <param name="AtToken">Tokens that were generated before.</param>
/// <param name="Why">In a sentence without full stop.</param>
/// <param name="ElapsedUs">From the last token before the move to the first one after it.</param>
/// <param name="MessageBytes">That were sent meanwhile.</param>
public sealed record SessionMoved(Plan From, Plan To, int AtToken, string Why, long ElapsedUs, long MessageBytes) : SessionEvent
{
    /// <summary>The exit of a device that generated alone; null for other moves.</summary>
    public HandoffExit? Exit { get; init; }
}

/// <summary>What was handed over at (w, ℓ) [2511.04002, Algorithm 2].</summary>
/// <param name="TokenCount">w: tokens that the device generated.</param>
/// <param name="SplitLayer">ℓ: layers that stay on the device.</param>
/// <param name="Shipment">I_kv.</param>
/// <param name="KvBytes">Of keys and values.</param>
public sealed record HandoffExit(int TokenCount, int SplitLayer, KvShipment Shipment, long KvBytes);

/// <summary>The session stays where it is, because what the plan puts on the device cannot be loaded.</summary>
public sealed record MoveAbandoned(Plan To, string Detail) : SessionEvent;

public enum EndReason
{
    EndToken,
    TokenLimit,
    ContextFull,
    Cancelled,

    /// <summary>The scheduler has no plan that keeps the deadline and the device's limits.</summary>
    Refused,

    Failed,
}

public sealed record SessionEnded(EndReason Reason, string? Detail) : SessionEvent;
