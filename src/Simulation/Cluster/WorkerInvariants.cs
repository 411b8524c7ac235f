using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>What always holds between two messages of a worker.</summary>
internal static class WorkerInvariants
{
    /// <param name="state">Of the worker.</param>
    /// <param name="message">After which this is asked. The sessions that it is about are looked at, and all of them with each <see cref="StatusDue"/>.</param>
    /// <param name="options">Its limits, as they were given to it.</param>
    /// <param name="caches">Of its sessions.</param>
    /// <returns>What does not hold; null if all does.</returns>
    public static string? Find(WorkerState state, object message, WorkerOptions options, IReadOnlyDictionary<SessionKey, ChainCache> caches)
    {
        if (state.QueuedRows > options.QueuedRowsMax)
            return $"{state.QueuedRows} tokens wait; at most {options.QueuedRowsMax} may";
        if (state.Sessions.Count > options.SessionCountMax)
            return $"{state.Sessions.Count} sessions are open; at most {options.SessionCountMax} may be";
        if (state.KvReservations.BytesKept > options.KvBytesMax)
            return $"{state.KvReservations.BytesKept} bytes of keys and values are reserved; at most {options.KvBytesMax} may be";
        if (message is Received { Body: OpenSession } opened && new DeviceId(Peer.Of(opened.From).Name) is var who
            && !options.DeviceLimit.Holds(state.Holdings.Of(who)))
            return $"{who} has {state.Holdings.Of(who)}; a device may have {options.DeviceLimit}";
        if (caches.Count != state.Sessions.Count)
            return $"there are {caches.Count} caches for {state.Sessions.Count} sessions";
        if (message is StatusDue && state.QueuedRows != state.Queue.Sum(queued => (int)queued.Step.TokenCount))
            return $"{state.QueuedRows} tokens are said to wait, {state.Queue.Sum(queued => (int)queued.Step.TokenCount)} do";
        foreach (var id in SessionsOf(message, state))
        {
            if (state.Sessions.TryGetValue(id, out var session) && FindIn(session, options, caches.GetValueOrDefault(id)) is { } fault)
                return $"session {id}: {fault}";
        }

        return null;
    }

    private static IEnumerable<SessionKey> SessionsOf(object message, WorkerState state) => message switch
    {
        Received { Body: OpenSession open } received => [SessionKey.Of(received.From, open.SessionId)],
        Received { Body: DecodeStep step } received => [SessionKey.Of(received.From, step.SessionId)],
        Received { Body: CloseSession close } received => [SessionKey.Of(received.From, close.SessionId)],
        BatchComputed computed => computed.Results.Select(result => result.Entry.Queued.Session),
        _ => state.Sessions.Keys,
    };

    private static string? FindIn(WorkerSession session, WorkerOptions options, ChainCache? cache)
    {
        var answered = (int)(session.LastResult?.NextPosition ?? 0);
        if (session.UnansweredRows < 0 || session.UnansweredRows > options.SessionQueuedRowsMax)
            return $"{session.UnansweredRows} tokens are not answered; 0 to {options.SessionQueuedRowsMax} may be";
        if (session.AcceptedCount > session.TokenCountMax)
            return $"{session.AcceptedCount} tokens were accepted of a session of {session.TokenCountMax}";
        if (cache is null)
            return "it has no cache";
        return cache.TokenCount < answered || cache.TokenCount > session.AcceptedCount
            ? $"{cache.TokenCount} tokens are in its cache; {answered} are answered and {session.AcceptedCount} accepted"
            : null;
    }
}
