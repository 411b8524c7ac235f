using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Scheduling;

/// <summary>All that the scheduler knows.</summary>
public sealed record SchedulerState(SchedulerOptions Options)
{
    /// <summary>With all layers on the worker.</summary>
    private static readonly FixedPlan Unplanned = new(ExecutionMode.Cloud, 0, CompressionOptions.Lossless);

    public ImmutableSortedDictionary<string, RegisteredWorker> Workers { get; init; } =
        ImmutableSortedDictionary.Create<string, RegisteredWorker>(StringComparer.Ordinal);

    public ImmutableDictionary<SessionKey, PlacedSession> Sessions { get; private init; } = ImmutableDictionary<SessionKey, PlacedSession>.Empty;

    /// <summary>What each device has, wherever it is placed.</summary>
    public DeviceHoldings Holdings { get; private init; } = DeviceHoldings.None;

    /// <summary>When silent sessions were last given up.</summary>
    public TimeSpan ExpiredAt { get; init; }

    private ImmutableDictionary<string, WorkerSessions> ByWorker { get; init; } = ImmutableDictionary.Create<string, WorkerSessions>(StringComparer.Ordinal);

    private ImmutableDictionary<string, ImmutableHashSet<SessionKey>> ByEdge { get; init; } =
        ImmutableDictionary.Create<string, ImmutableHashSet<SessionKey>>(StringComparer.Ordinal);

    /// <summary>Those that were sent to a worker, whether it has said hello or not; to "" those of devices alone.</summary>
    public WorkerSessions SessionsOn(string worker) => ByWorker.GetValueOrDefault(worker, WorkerSessions.None);

    /// <summary>Of a device's process.</summary>
    public IReadOnlyCollection<SessionKey> SessionsOf(string edge) => ByEdge.GetValueOrDefault(edge, []);

    /// <summary>Adds a session, in place of the one that had its id.</summary>
    public SchedulerState With(SessionKey id, PlacedSession session)
    {
        var others = Without(id);
        return others with
        {
            Sessions = others.Sessions.SetItem(id, session),
            Holdings = others.Holdings.Add(id.Device, session.TokenCountMax),
            ByWorker = others.ByWorker.SetItem(session.Worker, others.SessionsOn(session.Worker).Add(id, LoadOf(session))),
            ByEdge = others.ByEdge.SetItem(session.Edge, others.ByEdge.GetValueOrDefault(session.Edge, []).Add(id)),
        };
    }

    /// <summary>As if a session, if it is there, were gone.</summary>
    public SchedulerState Without(SessionKey id)
    {
        if (!Sessions.TryGetValue(id, out var session))
            return this;
        var (onWorker, ofEdge) = (SessionsOn(session.Worker).Remove(id, LoadOf(session)), ByEdge[session.Edge].Remove(id));
        return this with
        {
            Sessions = Sessions.Remove(id),
            Holdings = Holdings.Remove(id.Device, session.TokenCountMax),
            ByWorker = onWorker.Count == 0 ? ByWorker.Remove(session.Worker) : ByWorker.SetItem(session.Worker, onWorker),
            ByEdge = ofEdge.IsEmpty ? ByEdge.Remove(session.Edge) : ByEdge.SetItem(session.Edge, ofEdge),
        };
    }

    /// <summary>A session that is still to be planned for counts with all layers.</summary>
    public FixedPlan PlanOf(PlacedSession session) => session.Plan ?? Options.Plan ?? Unplanned;

    public SessionLoad LoadOf(PlacedSession session) =>
        new(Options.LayerCount - PlanOf(session).SplitLayer, session.TokenCountMax, session is { Request: { } request, Promise: { } promise } ? request.WorkerUsLeft(promise) : null);
}
