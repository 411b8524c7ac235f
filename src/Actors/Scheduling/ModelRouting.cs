using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>
/// Several models in one cluster: each has a <see cref="Scheduler"/> of its own, with its workers and sessions, and a message goes to the one that it is about. Those who
/// say hello or ask for a plan name their model's digest; of others it is known.
/// </summary>
public static class ModelRouting
{
    /// <param name="states">One for each model, at least one.</param>
    public static (ImmutableArray<SchedulerState> States, ImmutableArray<SchedulerEffect> Effects) Step(ImmutableArray<SchedulerState> states, object message, TimeSpan now)
    {
        switch (message)
        {
            case Received { Body: Hello hello } received:
                return Greet(states, received, hello, now);
            case Received { Body: PlanRequest { ModelDigest.IsEmpty: false } request }:
                return One(states, IndexOf(states, request.ModelDigest) ?? 0, message, now);
            case Received { Body: PlanRequest request } received:
                return One(states, IndexOf(states, SessionKey.Of(received.From, request.SessionId)), message, now);
            case Received { Body: LinkReport report } received:
                return One(states, IndexOf(states, SessionKey.Of(received.From, report.SessionId)), message, now);
            case Received { Body: CloseSession close } received:
                return One(states, IndexOf(states, SessionKey.Of(received.From, close.SessionId)), message, now);
            case MoveSession move:
                return One(states, IndexOf(states, move.Session), message, now);
            case Received { Body: WorkerStatus } received:
                return One(states, IndexOf(states, received.From), message, now);
            default:
                return All(states, message, now);
        }
    }

    /// <summary>A worker that was started anew may have another model than before.</summary>
    private static (ImmutableArray<SchedulerState> States, ImmutableArray<SchedulerEffect> Effects) Greet(
        ImmutableArray<SchedulerState> states, Received received, Hello hello, TimeSpan now)
    {
        var index = IndexOf(states, hello.ModelDigest);
        var effects = ImmutableArray<SchedulerEffect>.Empty;
        for (var i = 0; i < states.Length; i++)
        {
            if (i == index || !states[i].Workers.ContainsKey(received.From))
                continue;
            var (state, forgotten) = Scheduler.Step(states[i], new PeerLost(received.From), now);
            states = states.SetItem(i, state);
            effects = effects.AddRange(forgotten);
        }

        if (index is { } found)
        {
            var (after, greeted) = One(states, found, received, now);
            return (after, effects.AddRange(greeted));
        }

        var refusal = Compatibility.Check(received.From, hello.ProtocolVersion, hello.ModelDigest, "the scheduler", [.. states.Select(state => state.Options.ModelDigest)])!;
        return (states, effects.Add(new SchedulerEffect.Send(received.From, new Rejected { Reason = refusal.Reason, Detail = refusal.Detail })));
    }

    private static (ImmutableArray<SchedulerState> States, ImmutableArray<SchedulerEffect> Effects) One(ImmutableArray<SchedulerState> states, int index, object message, TimeSpan now)
    {
        var (state, effects) = Scheduler.Step(states[index], message, now);
        return (states.SetItem(index, state), effects);
    }

    private static (ImmutableArray<SchedulerState> States, ImmutableArray<SchedulerEffect> Effects) All(ImmutableArray<SchedulerState> states, object message, TimeSpan now)
    {
        var effects = ImmutableArray<SchedulerEffect>.Empty;
        for (var i = 0; i < states.Length; i++)
        {
            var (state, more) = Scheduler.Step(states[i], message, now);
            states = states.SetItem(i, state);
            effects = effects.AddRange(more);
        }

        return (states, effects);
    }

    private static int? IndexOf(ImmutableArray<SchedulerState> states, ByteString digest) => Find(states, state => state.Options.ModelDigest.Equals(digest));

    /// <summary>The first one answers for what nobody knows.</summary>
    private static int IndexOf(ImmutableArray<SchedulerState> states, SessionKey session) => Find(states, state => state.Sessions.ContainsKey(session)) ?? 0;

    private static int IndexOf(ImmutableArray<SchedulerState> states, string worker) => Find(states, state => state.Workers.ContainsKey(worker)) ?? 0;

    private static int? Find(ImmutableArray<SchedulerState> states, Predicate<SchedulerState> isIt)
    {
        for (var i = 0; i < states.Length; i++)
        {
            if (isIt(states[i]))
                return i;
        }

        return null;
    }
}
