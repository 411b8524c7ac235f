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

/// <summary>A chunk has gone through the front. <paramref name="Token"/> is set when the device runs all layers.</summary>
public sealed record FrontComputed(
    int Position, int Count, ByteString? Frame, FrameStatistics? Statistics, int? Token, long ComputeUs, long EncodeUs);

/// <summary>The front could not be loaded, or could not compute; the session ends.</summary>
public sealed record FrontFailed(string Detail);

/// <summary>The measurement of the link has changed.</summary>
public sealed record LinkMeasured(LinkObservation Measurement);

/// <summary>An answer is overdue.</summary>
public sealed record AnswerOverdue;

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

public enum EndReason
{
    EndToken,
    TokenLimit,
    ContextFull,
    Cancelled,
    Failed,
}

public sealed record SessionEnded(EndReason Reason, string? Detail) : SessionEvent;
