using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

public enum EdgePhase
{
    /// <summary>Waits for the prompt.</summary>
    Idle,

    /// <summary>Has said hello to the scheduler.</summary>
    Joining,

    /// <summary>Has asked for a plan.</summary>
    Planning,

    /// <summary>Loads the planned front segment.</summary>
    Preparing,

    /// <summary>Has asked the worker to open the session; the front already computes.</summary>
    Opening,

    /// <summary>Exchanges frames for tokens.</summary>
    Running,

    Ended,
}

/// <summary>
/// All that a session knows. The tokens are prompt and generated ones; the first <see cref="ComputedCount"/> of them have gone
/// through the front; their frames are kept until the end, so that any worker can rebuild the session from them.
/// </summary>
public sealed record EdgeState(SessionId Session, EdgeOptions Options)
{
    public EdgePhase Phase { get; init; }

    public Plan? Plan { get; init; }

    /// <summary>Of the newest plan that it knows.</summary>
    public uint Revision { get; init; }

    /// <summary>Where it is about to go on; null if it stays.</summary>
    public Relocation? Relocation { get; init; }

    /// <summary>A move of which the first token has not come yet.</summary>
    public MoveInProgress? Move { get; init; }

    /// <summary>How a device that generates alone will go on after it has handed over; null if it has, or will not.</summary>
    public Plan? Handoff { get; init; }

    /// <summary>Where it can hand over.</summary>
    public ImmutableArray<HandoffSplit> HandoffSplits { get; init; } = [];

    /// <summary>Keys and values of the tokens before this one are shipped instead of hidden states.</summary>
    public int ShippedEnd { get; init; }

    public KvShipment? Shipment { get; init; }

    public TimeSpan StartedAt { get; init; }

    public TimeSpan FirstTokenAt { get; init; }

    /// <summary>The device goes on without worker and scheduler.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Questions since it is alone, over all times without a worker's token between them.</summary>
    public int ProbeCount { get; init; }

    /// <summary>Each time the session is opened anew on a worker it gets one that no other had.</summary>
    public uint Epoch { get; init; }

    /// <summary>The newest so far: above <see cref="Epoch"/> after a hedge that lost.</summary>
    public uint EpochMax { get; init; }

    /// <summary>The epoch before, which is silent, while this one replays elsewhere; null if no hedge is open.</summary>
    public HedgedEpoch? Hedged { get; init; }

    /// <summary>When the next hedge may be opened.</summary>
    public TimeSpan HedgeNotBefore { get; init; }

    /// <summary>Its worker is one of the plan's alternatives, and has not opened the session yet.</summary>
    public bool IsOwnChoice { get; init; }

    /// <summary>Of the workers lost since the last token, those that were replaced without asking the scheduler.</summary>
    public int OwnChoiceCount { get; init; }

    public ImmutableList<int> Tokens { get; init; } = [];

    public int PromptCount { get; init; }

    public int ComputedCount { get; init; }

    /// <summary>The front is computing a chunk.</summary>
    public bool IsComputing { get; init; }

    public ImmutableList<StoredFrame> Frames { get; init; } = [];

    /// <summary>Frames sent in this epoch.</summary>
    public int SentCount { get; init; }

    /// <summary>Frames acknowledged in this epoch.</summary>
    public int AckedCount { get; init; }

    /// <summary>Sends of the oldest unanswered message.</summary>
    public int Attempts { get; init; }

    /// <summary>The expected position of the last <see cref="Nack"/> that was followed in this epoch, since the timer fired; −1 if none.</summary>
    public long NackedPosition { get; init; } = -1;

    /// <summary>Sends of it beside these attempts, because its answer was late, since the last attempt.</summary>
    public int ReminderCount { get; init; }

    /// <summary>Nothing came from the worker since it was last asked again.</summary>
    public bool IsReminderUnanswered { get; init; }

    /// <summary>Reminders of which it is not known yet whether anything had been lost.</summary>
    public int UnsettledReminders { get; init; }

    /// <summary>The answer that came since the first of them.</summary>
    public UnsettledTrip? UnsettledTrip { get; init; }

    /// <summary>Frames up to the one that they were about.</summary>
    public int RemindedCount { get; init; }

    /// <summary>What steps of one token took that were sent once; null before the first.</summary>
    public AnswerTimes? Answers { get; init; }

    /// <summary>What a byte on its way takes, by answers to steps of several tokens; null before the first.</summary>
    public AnswerTimes? ByteTimes { get; init; }

    /// <summary>Bytes that have not left yet of what was sent to whom an answer is due from.</summary>
    public long LeavingBytes { get; init; }

    /// <summary>Since when there are any.</summary>
    public TimeSpan LeavingSince { get; init; }

    /// <summary>The last message to the scheduler has not left yet: another report would only stand behind it.</summary>
    public bool IsReportLeaving { get; init; }

    /// <summary>Timeouts in a row in which none of them left.</summary>
    public int StallCount { get; init; }

    /// <summary>Was told to try later: sends nothing until the timer fires.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>Since when it is told to try later or that its frames wait, without anything else having been answered.</summary>
    public TimeSpan? RefusedSince { get; init; }

    /// <summary>Workers lost, and sessions opened anew, since the last token.</summary>
    public int FailoverCount { get; init; }

    /// <summary>Cost since the last token.</summary>
    public TokenBill Bill { get; init; } = TokenBill.Empty;

    /// <summary>Has sent a report to which a scheduler that does not know the session has not been told of it yet.</summary>
    public bool MayIntroduce { get; init; }

    /// <summary>What was seen of the link since the last report.</summary>
    public LinkTally Link { get; init; } = LinkTally.Empty;

    /// <summary>Link time of the step that was acknowledged last, in microseconds.</summary>
    public long TransportUs { get; init; }

    /// <summary>Of the device's process, since it has changed; null: as the options have it.</summary>
    public ulong? MemoryBytesMax { get; init; }

    /// <summary>What the link has shown so far.</summary>
    public LinkObservation? Measured { get; init; }

    /// <summary>Of the first message to the scheduler, if it was not lost.</summary>
    public TimeSpan? HelloRoundTrip { get; init; }

    /// <summary>What the scheduler promises for the next token, if a deadline was asked for.</summary>
    public Deadline? Deadline { get; init; }

    /// <summary>What was promised when the token in progress began, in microseconds.</summary>
    public long TokenPromisedUs { get; init; }

    /// <summary>The worker that stopped answering last, or empty.</summary>
    public string LostWorker { get; init; } = "";

    /// <summary>When the last token came, or the session started.</summary>
    public TimeSpan TokenAt { get; init; }

    public int GeneratedCount => Tokens.Count - PromptCount;

    public bool HasUnacknowledged => AckedCount < SentCount;

    public string Worker => Plan?.Worker ?? "";

    /// <summary>As an epoch begins, or is returned to: nobody was reminded, and nobody waits.</summary>
    internal EdgeState Unreminded() => this with
    {
        NackedPosition = -1,
        UnsettledReminders = 0,
        UnsettledTrip = null,
        RemindedCount = 0,
        IsReminderUnanswered = false,
        IsWaiting = false,
        RefusedSince = null,
    };
}

/// <summary>An answer of which it is not known yet to which of two equal messages it was.</summary>
/// <param name="ByteCount">Of message and answer; null if others were on the link.</param>
/// <param name="TransportUs">Since the first send, without the worker's own time.</param>
/// <param name="AnsweredUs">With it.</param>
public sealed record UnsettledTrip(long? ByteCount, long TransportUs, long AnsweredUs);

/// <summary>What was sent for tokens <c>Position … End − 1</c>: a frame, or token ids in cloud mode. Replayed as it is.</summary>
public sealed record StoredFrame(int Position, int Count, ByteString? Frame)
{
    /// <summary>The epoch in which it was last sent; 0 if it was not.</summary>
    public uint SentEpoch { get; init; }

    /// <summary>When it was first sent in that epoch, so that a round trip includes what was lost on the way.</summary>
    public TimeSpan SentAt { get; init; }

    /// <summary>The frame holds keys and values.</summary>
    public bool IsKeysAndValues { get; init; }

    /// <summary>Bytes of its message, if it was sent only once in that epoch; else 0.</summary>
    public int SentBytes { get; init; }

    /// <summary>Of contents that were on their way when it was sent, its own included.</summary>
    public long BytesOnTheWay { get; init; }

    public int End => Position + Count;
}
