using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Backend;

/// <summary>All that a worker knows. Caches and weights are the actor's: the state names them by session.</summary>
public sealed record WorkerState(WorkerOptions Options)
{
    public bool IsWelcome { get; init; }

    /// <summary>When it was told to leave; null if it was not.</summary>
    public TimeSpan? LeavingSince { get; init; }

    /// <summary>It has asked to be stopped: nothing more is to be done.</summary>
    public bool HasLeft { get; init; }

    public ImmutableDictionary<SessionKey, WorkerSession> Sessions { get; init; } = ImmutableDictionary<SessionKey, WorkerSession>.Empty;

    /// <summary>Of each session that has accepted steps which no batch has taken.</summary>
    public ImmutableDictionary<SessionKey, WaitingSteps> Waiting { get; init; } = ImmutableDictionary<SessionKey, WaitingSteps>.Empty;

    /// <summary>All steps that wait for a batch.</summary>
    public IEnumerable<QueuedStep> Queue => Waiting.Values.SelectMany(waiting => waiting.Steps);

    public int QueuedRows { get; init; }

    /// <summary>Steps so far that became the first of their session.</summary>
    public long TurnCount { get; init; }

    /// <summary>Sessions opened so far.</summary>
    public long OpeningCount { get; init; }

    /// <summary>A batch is running.</summary>
    public bool IsComputing { get; init; }

    /// <summary>Sessions that were just answered and are as quick to send their next step as it pays to wait for them.</summary>
    public ImmutableHashSet<SessionKey> Expected { get; init; } = [];

    /// <summary>Until when it does.</summary>
    public TimeSpan GatherUntil { get; init; }

    /// <summary>Of the shortest batch so far, and so at most what a pass takes however few tokens it has; zero before the first.</summary>
    public TimeSpan PassTimeLeast { get; init; }

    /// <summary>Tokens and microseconds of all batches so far.</summary>
    public long RowsComputed { get; init; }

    public long ComputeUsSum { get; init; }

    public long BatchCount { get; init; }

    /// <summary>Layers of all batches so far, each batch with those of its deepest session: passes over a layer's weights.</summary>
    public long LayersComputed { get; init; }

    /// <summary>Layers of all tokens so far, each with those of its session.</summary>
    public long LayerRowsComputed { get; init; }

    /// <summary>What each device has here.</summary>
    public DeviceHoldings Holdings { get; init; } = DeviceHoldings.None;

    /// <summary>Bytes that the sessions' caches may come to hold.</summary>
    public KvReservations KvReservations { get; init; } = KvReservations.None;

    /// <summary>Bytes of all caches that have held a token.</summary>
    public long KvBytes => Sessions.Values.Sum(session => session.KvBytes);

    /// <summary>Adds a session, in place of the one that had its id.</summary>
    public WorkerState With(SessionKey id, WorkerSession session) => WithoutWaiting(id) with
    {
        Sessions = Sessions.SetItem(id, session),
        KvReservations = ReservationsWithout(id).Add(session.Layers.Count, KvBytesOf(session)),
        Holdings = HoldingsWithout(id).Add(id.Device, session.TokenCountMax),
    };

    public WorkerState Without(SessionKey id) => WithoutWaiting(id) with
    {
        Sessions = Sessions.Remove(id),
        Expected = Expected.Remove(id),
        KvReservations = ReservationsWithout(id),
        Holdings = HoldingsWithout(id),
    };

    /// <summary>Adds a step that was accepted.</summary>
    public WorkerState WithWaiting(QueuedStep step)
    {
        var known = Waiting.GetValueOrDefault(step.Session);
        return this with
        {
            Waiting = Waiting.SetItem(step.Session, known?.Add(step) ?? new WaitingSteps([step], TurnCount, DueAt(step, step.ArrivedAt))),
            QueuedRows = QueuedRows + (int)step.Step.TokenCount,
            Expected = Expected.Remove(step.Session),
            TurnCount = known is null ? TurnCount + 1 : TurnCount,
        };
    }

    /// <summary>A batch takes the first waiting step of a session; the next one begins to wait for its turn.</summary>
    public WorkerState WithFirstTaken(SessionKey id, TimeSpan now)
    {
        var steps = Waiting[id].Steps.Dequeue(out var taken);
        return this with
        {
            Waiting = steps.IsEmpty ? Waiting.Remove(id) : Waiting.SetItem(id, new WaitingSteps(steps, TurnCount, DueAt(steps.Peek(), now))),
            QueuedRows = QueuedRows - (int)taken.Step.TokenCount,
            TurnCount = steps.IsEmpty ? TurnCount : TurnCount + 1,
        };
    }

    /// <summary>Nothing of a session waits any more.</summary>
    public WorkerState WithoutWaiting(SessionKey id) => Waiting.TryGetValue(id, out var waiting)
        ? this with { Waiting = Waiting.Remove(id), QueuedRows = QueuedRows - waiting.Steps.Sum(step => (int)step.Step.TokenCount) }
        : this;

    /// <summary>As if a session, if it is there, were gone.</summary>
    public KvReservations ReservationsWithout(SessionKey id) =>
        Sessions.TryGetValue(id, out var session) ? KvReservations.Remove(session.Layers.Count, KvBytesOf(session)) : KvReservations;

    /// <summary>Likewise.</summary>
    public DeviceHoldings HoldingsWithout(SessionKey id) =>
        Sessions.TryGetValue(id, out var session) ? Holdings.Remove(id.Device, session.TokenCountMax) : Holdings;

    /// <summary>Adds to the sums what a batch computed.</summary>
    public WorkerState After(BatchComputed batch)
    {
        var time = TimeSpan.FromMicroseconds(batch.DecodeUs + batch.ComputeUs);
        var ran = batch.Results.Where(result => result.Refusal is null && result.Entry.RunsLayers).Select(result => result.Entry).ToList();
        return this with
        {
            RowsComputed = RowsComputed + batch.RowCount,
            LayersComputed = LayersComputed + (ran.Count == 0 ? 0 : ran.Max(entry => entry.Session.Layers.Count)),
            LayerRowsComputed = LayerRowsComputed + ran.Sum(entry => (long)entry.Session.Layers.Count * entry.Step.TokenCount),
            ComputeUsSum = ComputeUsSum + batch.DecodeUs + batch.ComputeUs,
            BatchCount = BatchCount + 1,
            PassTimeLeast = ran.Count > 0 && (PassTimeLeast == TimeSpan.Zero || time < PassTimeLeast) ? time : PassTimeLeast,
        };
    }

    /// <param name="step">Of an open session.</param>
    /// <param name="since">When it became the first of its session.</param>
    private TimeSpan DueAt(QueuedStep step, TimeSpan since) =>
        since + (step.IsDecode && Sessions[step.Session].TokenTime is { } promised ? promised : Options.TokenTimeDefault);

    private long KvBytesOf(WorkerSession session) => Options.KvLayout.WithLayers(session.Layers.Count).BytesFor(session.TokenCountMax);
}

/// <summary>A session on a worker. Positions below <paramref name="AcceptedCount"/> are computed or queued.</summary>
public sealed record WorkerSession(string Edge, uint Epoch, SamplingOptions Sampling, int TokenCountMax, int AcceptedCount, TimeSpan SeenAt)
{
    /// <summary>ℓ+1 … L: those that the worker runs for it.</summary>
    public required LayerRange Layers { get; init; }

    public ImmutableList<int> Generated { get; init; } = [];

    /// <summary>Tells it from one that had its id and epoch before, of which steps may still wait or be computed.</summary>
    public long Opening { get; init; }

    /// <summary>What the promised time of a token leaves to the worker; null if none was promised.</summary>
    public TimeSpan? TokenTime { get; init; }

    /// <summary>When its last answer was sent.</summary>
    public TimeSpan AnsweredAt { get; init; }

    /// <summary>How long its device took to send a step after the answer to all before; null if that has not been seen.</summary>
    public TimeSpan? TurnTime { get; init; }

    /// <summary>Position of the first generated token.</summary>
    public int PromptCount { get; init; }

    /// <summary>The prompt's token ids, if the device shares them.</summary>
    public ImmutableArray<int> Prompt { get; init; } = [];

    /// <summary>Bytes of its cache after its last step.</summary>
    public long KvBytes { get; init; }

    /// <summary>Tokens that wait or are being computed.</summary>
    public int UnansweredRows => AcceptedCount - (int)(LastResult?.NextPosition ?? 0);

    /// <summary>The tokens at neighbouring positions, or nothing if it does not know them all.</summary>
    public ImmutableArray<int> TokensAt(int position, int count)
    {
        var tokens = ImmutableArray.CreateBuilder<int>(count);
        for (var i = position; i < position + count; i++)
        {
            if (i < PromptCount ? Prompt.Length == 0 : i - PromptCount >= Generated.Count)
                return [];
            tokens.Add(i < PromptCount ? Prompt[i] : Generated[i - PromptCount]);
        }

        return tokens.MoveToImmutable();
    }

    /// <summary>The answer to the last computed step; a repeat of that step gets it again.</summary>
    public StepResult? LastResult { get; init; }
}

/// <summary>A step that was accepted, and when.</summary>
/// <param name="Opening">Of the session that accepted it.</param>
public sealed record QueuedStep(SessionKey Session, DecodeStep Step, TimeSpan ArrivedAt, long Opening)
{
    /// <summary>Its device waits for the one token that follows. Other steps are a prompt, or what a device sends again.</summary>
    public bool IsDecode => Step.TokenCount == 1 && Step.Samples;
}
