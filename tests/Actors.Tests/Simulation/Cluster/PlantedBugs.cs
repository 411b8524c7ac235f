using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

/// <summary>Errors that a protocol like this one could have, each put into it by itself.</summary>
internal static class PlantedBugs
{
    public static IReadOnlyDictionary<string, ProtocolSeams> All { get; } = new Dictionary<string, ProtocolSeams>(StringComparer.Ordinal)
    {
        ["device: publishes a token twice"] = EdgeEffects(effects => [.. effects.SelectMany(effect => IsToken(effect, every: 8) ? [effect, effect] : new[] { effect })]),
        ["device: does not publish a token"] = EdgeEffects(effects => [.. effects.Where(effect => !IsToken(effect, every: 8))]),
        ["device: never says that it has ended"] = EdgeEffects(effects => [.. effects.Where(effect => effect is not EdgeEffect.Publish { Event: SessionEnded })]),
        ["device: forgets its timer now and then"] = EdgeEffects(effects => [.. effects.Where(effect => effect is not EdgeEffect.StartTimer { Delay.Milliseconds: > 500 })]),
        ["device: says of every token that the deadline was kept"] = EdgeEffects(effects => [.. effects.Select(AsKept)]),
        ["device: ships keys and values one token short"] = EdgeEffects(effects => [.. effects.Select(effect =>
            effect is EdgeEffect.ShipKeysAndValues { Position: > 0 } ship ? ship with { Position = ship.Position - 1 } : effect)]),
        ["device: keeps no limit of frames on their way"] = Edge((state, message, now) =>
            EdgeSession.Step(state with { Options = state.Options with { InflightFramesMax = 1000 } }, message, now)),
        ["device: takes any answer for the next token"] = Edge((state, message, now) => EdgeSession.Step(state, AsNext(state, message), now)),
        ["device: does not replay"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return IsReopened(state, step.State) ? (step.State with { SentCount = step.State.Frames.Count, AckedCount = step.State.Frames.Count }, step.Effects) : step;
        }),
        ["device: encodes again what it replays"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return IsReopened(state, step.State) ? (step.State with { Frames = [.. step.State.Frames.Select(Changed)] }, step.Effects) : step;
        }),
        ["device: replays frames of the split before"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            var isMoved = state.Frames.Count > 0 && step.State.Frames.Count == 0 && step.State.Plan?.Mode == ExecutionMode.Split;
            return isMoved ? (step.State with { Frames = state.Frames, ComputedCount = state.ComputedCount, ShippedEnd = 0 }, step.Effects) : step;
        }),
        ["device: does not tell the tokens generated before"] = Replace(body => body is OpenSession { Generated.Count: > 0 } open ? Without(open) : body),
        ["device: opens again with another seed"] = Replace(body => body is OpenSession { Epoch: > 1 } open ? WithOtherSeed(open) : body),
        ["worker: computes repeats again"] = Worker((state, message, now) => BackendWorker.Step(WithRepeatAsNew(state, message), message, now)),
        ["worker: does not notice gaps"] = Worker((state, message, now) => BackendWorker.Step(WithGapClosed(state, message), message, now)),
        ["worker: loses a cache and does not say so"] = WorkerEffects((message, effects, state) => message is StatusDue && !state.IsComputing
            ? [.. effects, .. state.Sessions.Select(session => new WorkerEffect.CreateCache(session.Key, session.Value.Layers.Count, session.Value.TokenCountMax))]
            : effects),
        ["worker: frees no memory"] = WorkerEffects((_, effects, _) => [.. effects.Where(effect => effect is not WorkerEffect.DropCache)]),
        ["worker: answers another session's token"] = Worker((state, message, now) => BackendWorker.Step(state, Swapped(message), now)),
        ["worker: keeps no limit of its queue"] = Worker((state, message, now) =>
            BackendWorker.Step(state with { Options = state.Options with { QueuedRowsMax = 1 << 20, SessionQueuedRowsMax = 1 << 20 } }, message, now)),
        ["worker: keeps no limit of its memory"] = Worker((state, message, now) =>
            BackendWorker.Step(state with { Options = state.Options with { KvBytesMax = 1L << 50, SessionCountMax = 1 << 20 } }, message, now)),
        ["worker: never drops a session that is silent"] = Worker((state, message, now) =>
            BackendWorker.Step(state with { Options = state.Options with { SessionIdleMax = TimeSpan.MaxValue } }, message, now)),
        ["device: ends when a scheduler does not know it"] = Edge((state, message, now) => EdgeSession.Step(state, WithReason(message, RejectReason.UnknownSession, isFromScheduler: true), now)),
        ["device: ends when its worker is leaving"] = Edge((state, message, now) => EdgeSession.Step(state, WithReason(message, RejectReason.Leaving, isFromScheduler: false), now)),
        ["device: ends when a move cannot be loaded and its worker is lost"] = Edge((state, message, now) =>
            EdgeSession.Step(state, message is FrontUnavailable lacking && state.Phase is EdgePhase.Planning or EdgePhase.Preparing ? new FrontFailed(lacking.Detail) : message, now)),
        ["device: forgets the promise of a hand-over when it begins"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return state.Plan is null && step.State.Handoff is not null ? (step.State with { Deadline = null }, step.Effects) : step;
        }),
        ["worker: takes steps of an earlier epoch for current ones"] = Worker((state, message, now) => BackendWorker.Step(state, WithEpochOf(state, message), now)),
        ["worker: tells a step that it can never take to try later"] = Replace(body => body is Rejected { Reason: RejectReason.BadRequest } rejected && rejected.Detail.Contains("a step may have", StringComparison.Ordinal)
            ? new Rejected(rejected) { Reason = RejectReason.QueueFull, RetryAfterMs = 200 }
            : body),
        ["scheduler: never gives a silent session up"] = Scheduler((state, message, now) =>
            Actors.Scheduling.Scheduler.Step(state with { Options = state.Options with { SessionSilenceMax = TimeSpan.FromDays(1) } }, message, now)),
        ["scheduler: lets a leaving worker keep its sessions"] = Scheduler((state, message, now) =>
            Actors.Scheduling.Scheduler.Step(state, message is Received { Body: WorkerStatus status } received ? received with { Body = new WorkerStatus(status) { Leaving = false } } : message, now)),
        ["scheduler: places a session anew under another name when its device introduces it"] = Scheduler((state, message, now) =>
        {
            var step = Actors.Scheduling.Scheduler.Step(state, message, now);
            return message is Received { Body: PlanRequest { Current: not null, LostWorker: "" } request } received && step.State.Sessions.GetValueOrDefault(SessionKey.Of(received.From, request.SessionId)) is { } placed
                ? (step.State.With(SessionKey.Of(received.From, request.SessionId << 32), placed), step.Effects)
                : step;
        }),
        ["device: takes the answer of a hedge that lost for the next token"] = Edge((state, message, now) => EdgeSession.Step(state, FromLoser(state, message), now)),
        ["device: does not close the epoch that lost"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return state.Hedged is not null && step.State.Hedged is null
                ? (step.State, [.. step.Effects.Where(effect => effect is not EdgeEffect.Send { Body: CloseSession, To: not "scheduler" })])
                : step;
        }),
        ["device: pays for a hedge whose worker was gone"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return state.Hedged is not null && step.State.Hedged is null ? (step.State with { HedgeNotBefore = state.HedgeNotBefore }, step.Effects) : step;
        }),
        ["device: hedges as often as it likes"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state with { HedgeNotBefore = TimeSpan.Zero }, message, now);
            return step.State.HedgeNotBefore == TimeSpan.Zero ? (step.State with { HedgeNotBefore = state.HedgeNotBefore }, step.Effects) : step;
        }),
        ["device: opens an alternative under the epoch before"] = EdgeEffects((before, effects) => [.. effects.Select(effect =>
            effect is EdgeEffect.Send { Body: OpenSession open } send && before.Epoch > 0 && send.To != before.Worker
                ? send with { Body = new OpenSession(open) { Epoch = before.Epoch } }
                : effect)]),
        ["device: replays nothing for a hedge"] = Edge((state, message, now) =>
        {
            var step = EdgeSession.Step(state, message, now);
            return step.State.Hedged is not null && state.Hedged is null
                ? (step.State with { SentCount = step.State.Frames.Count, AckedCount = step.State.Frames.Count }, step.Effects)
                : step;
        }),
        ["device: hedges by the clock while bytes leave"] = Edge((state, message, now) => EdgeSession.Step(state, message is Outgoing { ByteCount: > 0 } ? new ProbeDue() : message, now)),
        ["device: bills the tokens replayed for a hedge twice"] = EdgeEffects(effects => [.. effects.Select(effect =>
            effect is EdgeEffect.Publish { Event: TokenGenerated { Bill.HedgeRowCount: > 0 } generated }
                ? new EdgeEffect.Publish(generated with { Bill = generated.Bill with { HedgeRowCount = 2 * generated.Bill.HedgeRowCount } })
                : effect)]),
        ["device: bills a hedge that lost as one that won"] = EdgeEffects(effects => [.. effects.Select(effect =>
            effect is EdgeEffect.Publish { Event: TokenGenerated { Bill.HedgeLostCount: > 0 } generated }
                ? new EdgeEffect.Publish(generated with { Bill = generated.Bill with { HedgeWonCount = generated.Bill.HedgeCount, HedgeLostCount = 0 } })
                : effect)]),
        ["device: does not tell the scheduler where it went"] = EdgeEffects(effects => [.. effects.Where(effect => effect is not EdgeEffect.Send { Body: PlanRequest { HasMoved: true } })]),
        ["scheduler: counts a session that has moved twice"] = Scheduler((state, message, now) =>
        {
            var step = Actors.Scheduling.Scheduler.Step(state, message, now);
            return message is Received { Body: PlanRequest { HasMoved: true } request } received && state.Sessions.GetValueOrDefault(SessionKey.Of(received.From, request.SessionId)) is { } placed
                ? (step.State.With(SessionKey.Of(received.From, request.SessionId << 32), placed), step.Effects)
                : step;
        }),
        ["scheduler: names a session's own worker as its alternative"] = Scheduler((state, message, now) =>
        {
            var step = Actors.Scheduling.Scheduler.Step(state, message, now);
            return message is Received { Body: PlanRequest request } received && SessionKey.Of(received.From, request.SessionId) is var id
                && step.State.Sessions.GetValueOrDefault(id) is { Worker.Length: > 0 } placed
                ? (step.State.With(id, placed with { Alternatives = [new Alternative { Worker = placed.Worker }] }), step.Effects)
                : step;
        }),
        ["worker: stores the answer of a step one token early"] = Replace(body => body is StepResult { HasToken: true, BatchRows: > 1 } result
            ? new StepResult(result) { NextPosition = result.NextPosition - 1 }
            : body),
    };

    private static ProtocolSeams Edge(Func<EdgeState, object, TimeSpan, (EdgeState State, ImmutableArray<EdgeEffect> Effects)> step) => new() { EdgeStep = step };

    private static ProtocolSeams Scheduler(Func<SchedulerState, object, TimeSpan, (SchedulerState State, ImmutableArray<SchedulerEffect> Effects)> step) => new() { SchedulerStep = step };

    private static ProtocolSeams EdgeEffects(Func<ImmutableArray<EdgeEffect>, ImmutableArray<EdgeEffect>> change) => Edge((state, message, now) =>
    {
        var step = EdgeSession.Step(state, message, now);
        return (step.State, change(step.Effects));
    });

    private static ProtocolSeams EdgeEffects(Func<EdgeState, ImmutableArray<EdgeEffect>, ImmutableArray<EdgeEffect>> change) => Edge((state, message, now) =>
    {
        var step = EdgeSession.Step(state, message, now);
        return (step.State, change(state, step.Effects));
    });

    private static ProtocolSeams Worker(Func<WorkerState, object, TimeSpan, (WorkerState State, ImmutableArray<WorkerEffect> Effects)> step) => new() { WorkerStep = step };

    private static ProtocolSeams WorkerEffects(Func<object, ImmutableArray<WorkerEffect>, WorkerState, ImmutableArray<WorkerEffect>> change) => Worker((state, message, now) =>
    {
        var step = BackendWorker.Step(state, message, now);
        return (step.State, change(message, step.Effects, step.State));
    });

    private static ProtocolSeams Replace(Func<IMessage, IMessage> replace) => new() { Replace = (_, _, body) => replace(body) };

    private static bool IsToken(EdgeEffect effect, int every) => effect is EdgeEffect.Publish { Event: TokenGenerated generated } && generated.Token % every == 0;

    private static bool IsReopened(EdgeState before, EdgeState after) => after.Epoch > before.Epoch && before.Epoch > 0 && after.Frames.Count > 0;

    private static EdgeEffect AsKept(EdgeEffect effect) =>
        effect is EdgeEffect.Publish { Event: TokenGenerated { Bill: { DegradedCount: > 0 } or { MissedCount: > 0 } } generated }
            ? new EdgeEffect.Publish(generated with { Bill = generated.Bill with { KeptCount = 1, DegradedCount = 0, MissedCount = 0 } })
            : effect;

    private static StoredFrame Changed(StoredFrame frame) => frame.Frame is { } bytes
        ? frame with { Frame = ByteString.CopyFrom([.. bytes.Span[..^1], (byte)(bytes.Span[^1] ^ 1)]) }
        : frame;

    /// <summary>A no that is final.</summary>
    private static object WithReason(object message, RejectReason reason, bool isFromScheduler) =>
        message is Received { Body: Rejected rejected } received && rejected.Reason == reason && received.From == "scheduler" == isFromScheduler
            ? received with { Body = new Rejected(rejected) { Reason = RejectReason.BadRequest } }
            : message;

    private static object WithEpochOf(WorkerState state, object message) =>
        message is Received { Body: DecodeStep step } received && state.Sessions.TryGetValue(SessionKey.Of(received.From, step.SessionId), out var session) && step.Epoch < session.Epoch
            ? received with { Body = new DecodeStep(step) { Epoch = session.Epoch } }
            : message;

    private static object AsNext(EdgeState state, object message) => message is Received { Body: StepResult { HasToken: true } result } received
        ? received with { Body = new StepResult(result) { NextPosition = (uint)state.Tokens.Count } }
        : message;

    /// <summary>Of an epoch that was closed because another answered first: as if it were the current one's next.</summary>
    private static object FromLoser(EdgeState state, object message) =>
        message is Received { Body: StepResult { HasToken: true } result } received && state is { Phase: EdgePhase.Running, Hedged: null, HasUnacknowledged: true }
        && result.Epoch != state.Epoch && result.Epoch > 0 && received.From != state.Worker
            ? new Received(state.Worker, new StepResult(result) { Epoch = state.Epoch, NextPosition = (uint)state.Tokens.Count })
            : message;

    private static OpenSession Without(OpenSession open)
    {
        var changed = new OpenSession(open);
        changed.Generated.Clear();
        return changed;
    }

    private static OpenSession WithOtherSeed(OpenSession open)
    {
        var changed = new OpenSession(open);
        changed.Sampling.Seed++;
        return changed;
    }

    private static WorkerState WithRepeatAsNew(WorkerState state, object message) =>
        FindStep(state, message) is var (id, session, step) && step.Position < session.AcceptedCount && step.Position + step.TokenCount <= session.LastResult?.NextPosition
            ? state with { Sessions = state.Sessions.SetItem(id, session with { AcceptedCount = (int)step.Position, LastResult = null }) }
            : state;

    private static WorkerState WithGapClosed(WorkerState state, object message) =>
        FindStep(state, message) is var (id, session, step) && step.Position > session.AcceptedCount
            ? state with { Sessions = state.Sessions.SetItem(id, session with { AcceptedCount = (int)step.Position }) }
            : state;

    private static (SessionKey Id, WorkerSession Session, DecodeStep Step)? FindStep(WorkerState state, object message) =>
        message is Received { Body: DecodeStep step } received && state.Sessions.TryGetValue(SessionKey.Of(received.From, step.SessionId), out var session) && session.Epoch == step.Epoch
            ? (SessionKey.Of(received.From, step.SessionId), session, step)
            : null;

    /// <summary>The first two tokens of a batch.</summary>
    private static object Swapped(object message)
    {
        if (message is not BatchComputed computed)
            return message;
        var results = computed.Results.ToBuilder();
        var drawn = Enumerable.Range(0, results.Count).Where(index => results[index].Token is not null).Take(2).ToList();
        if (drawn is [var first, var second])
            (results[first], results[second]) = (results[first] with { Token = results[second].Token }, results[second] with { Token = results[first].Token });
        return computed with { Results = results.ToImmutable() };
    }
}
