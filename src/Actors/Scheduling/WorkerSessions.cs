using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a session is to its worker.</summary>
/// <param name="LayerCount">That the worker runs for it.</param>
/// <param name="TokenCountMax">Prompt and generated tokens together.</param>
/// <param name="WorkerUsLeft">Of what it was promised for a token; null if that is nothing.</param>
public readonly record struct SessionLoad(int LayerCount, long TokenCountMax, long? WorkerUsLeft)
{
    /// <summary>Its tokens, each counted once for each of its layers.</summary>
    public long LayerTokens => TokenCountMax * LayerCount;
}

/// <summary>The sessions of one worker, and what they amount to: kept with each change, so that no question about it costs more for more sessions.</summary>
public sealed record WorkerSessions
{
    public static WorkerSessions None { get; } = new();

    private ImmutableSortedSet<(int LayerCount, ulong Session)> ByLayers { get; init; } = [];

    private ImmutableSortedSet<(long TokenCount, ulong Session)> ByTokens { get; init; } = [];

    private ImmutableSortedSet<(long WorkerUsLeft, ulong Session)> ByPromise { get; init; } = [];

    public int Count => ByTokens.Count;

    /// <summary>Tokens of all, each counted once for each of its session's layers.</summary>
    public long LayerTokens { get; private init; }

    public long TokenCount { get; private init; }

    /// <summary>Of one session at least.</summary>
    public WorkerLoad Load => new(Math.Max(1, Count), ByLayers.Max.LayerCount, ByTokens.Max.TokenCount);

    /// <summary>Microseconds that a step may take here for all promises to be kept; <see cref="long.MaxValue"/> without any.</summary>
    public long WorkerUsLeft => ByPromise.IsEmpty ? long.MaxValue : ByPromise.Min.WorkerUsLeft;

    public IEnumerable<SessionId> All => ByTokens.Select(entry => new SessionId(entry.Session));

    /// <summary>Those that were promised something.</summary>
    public IEnumerable<SessionId> Promised => ByPromise.Select(entry => new SessionId(entry.Session));

    /// <summary>With a session that is to come.</summary>
    public WorkerLoad LoadWith(SessionLoad added) =>
        new(Count + 1, Math.Max(ByLayers.Max.LayerCount, added.LayerCount), Math.Max(ByTokens.Max.TokenCount, added.TokenCountMax));

    public WorkerSessions Add(SessionId id, SessionLoad load) => new()
    {
        ByLayers = ByLayers.Add((load.LayerCount, id.Value)),
        ByTokens = ByTokens.Add((load.TokenCountMax, id.Value)),
        ByPromise = load.WorkerUsLeft is { } left ? ByPromise.Add((left, id.Value)) : ByPromise,
        LayerTokens = LayerTokens + load.LayerTokens,
        TokenCount = TokenCount + load.TokenCountMax,
    };

    /// <summary>Takes back what was added.</summary>
    public WorkerSessions Remove(SessionId id, SessionLoad load) => new()
    {
        ByLayers = ByLayers.Remove((load.LayerCount, id.Value)),
        ByTokens = ByTokens.Remove((load.TokenCountMax, id.Value)),
        ByPromise = load.WorkerUsLeft is { } left ? ByPromise.Remove((left, id.Value)) : ByPromise,
        LayerTokens = LayerTokens - load.LayerTokens,
        TokenCount = TokenCount - load.TokenCountMax,
    };
}
