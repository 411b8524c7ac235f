using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Simulation.Cluster;

/// <summary>
/// What always holds between two messages of the scheduler. After each the session that it is about is looked at; all of them now and then, so that large clusters
/// cost no more for each message than small ones.
/// </summary>
/// <param name="isStarted">Whether any device ever had a session.</param>
internal sealed class SchedulerInvariants(Func<SessionId, bool> isStarted)
{
    private static readonly TimeSpan AuditPeriod = TimeSpan.FromSeconds(1);

    private TimeSpan _auditedAt;

    /// <returns>What does not hold; null if all does.</returns>
    public string? Find(SchedulerState state, object message, TimeSpan now)
    {
        if (state.Sessions.Count > state.Options.SessionCountMax)
            return $"{state.Sessions.Count} sessions are placed; at most {state.Options.SessionCountMax} may be";
        if (message is Received { Body: PlanRequest request } asked && FindIn(state, SessionKey.Of(asked.From, request.SessionId)) is { } fault)
            return fault;
        if (message is Received { Body: WorkerStatus { Leaving: true } } leaving && FindLeft(leaving.From, state, now) is { } left)
            return left;
        if (now - _auditedAt < AuditPeriod)
            return null;
        _auditedAt = now;
        return state.Sessions.Keys.Any(id => !isStarted(id.Session)) ? "a session is placed that no device ever had" : Audit(state);
    }

    /// <summary>After its device asked.</summary>
    private static string? FindIn(SchedulerState state, SessionKey id)
    {
        if (!state.Options.DeviceLimit.Holds(state.Holdings.Of(id.Device)))
            return $"{id.Device} has {state.Holdings.Of(id.Device)}; a device may have {state.Options.DeviceLimit}";
        if (state.Sessions.TryGetValue(id, out var told) && told.Alternatives.FirstOrDefault(other => other.Worker == told.Worker || !state.Workers.TryGetValue(other.Worker, out var worker) || worker.IsLeaving) is { } wrong)
            return $"session {id} on {told.Worker} is told of {wrong.Worker}, which is no alternative";
        return state.Sessions.TryGetValue(id, out var placed) && !state.SessionsOn(placed.Worker).All.Contains(id)
            ? $"session {id} is placed on {placed.Worker}, and not counted there"
            : null;
    }

    /// <summary>What a leaving worker has goes elsewhere where there is room.</summary>
    private static string? FindLeft(string leaving, SchedulerState state, TimeSpan now)
    {
        if (!state.Workers.ContainsKey(leaving))
            return null; // it has to say hello first
        foreach (var id in state.SessionsOn(leaving).All)
        {
            var taker = state.Workers.FirstOrDefault(worker =>
                worker.Key != leaving && !worker.Value.IsLeaving && now - worker.Value.SeenAt <= state.Options.WorkerSilenceMax
                && worker.Value.HasRoomFor(id.Device, state.LoadOf(state.Sessions[id]), state.SessionsOn(worker.Key)));
            if (taker.Key is not null)
                return $"session {id} stays on {leaving}, which is leaving, though {taker.Key} has room";
        }

        return null;
    }

    /// <summary>What workers have to do is kept with each change; here it is counted anew.</summary>
    private static string? Audit(SchedulerState state)
    {
        var placed = state.Sessions.Values.GroupBy(session => session.Worker, StringComparer.Ordinal).ToDictionary(worker => worker.Key, worker => worker.ToList(), StringComparer.Ordinal);
        foreach (var worker in placed.Keys.Union(state.Workers.Keys, StringComparer.Ordinal))
        {
            var (kept, sessions) = (state.SessionsOn(worker), placed.GetValueOrDefault(worker, []));
            var layerTokens = sessions.Sum(session => state.LoadOf(session).LayerTokens);
            if (kept.Count != sessions.Count || kept.LayerTokens != layerTokens)
                return $"{kept.Count} sessions with {kept.LayerTokens} tokens in layers are counted on '{worker}'; there are {sessions.Count} with {layerTokens}";
            if (sessions.Count > 0 && kept.Load != new WorkerLoad(sessions.Count, sessions.Max(session => state.LoadOf(session).LayerCount), sessions.Max(session => session.TokenCountMax)))
                return $"the load of '{worker}' is said to be {kept.Load}, but is not";
        }

        return null;
    }
}
