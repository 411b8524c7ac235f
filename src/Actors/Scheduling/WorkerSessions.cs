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

    private ImmutableSortedSet<(int LayerCount, SessionKey Session)> ByLayers { get; init; } = [];

    private ImmutableSortedSet<(long TokenCount, SessionKey Session)> ByTokens { get; init; } = [];

    private ImmutableSortedSet<(long WorkerUsLeft, SessionKey Session)> ByPromise { get; init; } = [];

    public int Count => ByTokens.Count;

    /// <summary>Tokens of all, each counted once for each of its session's layers.</summary>
    public long LayerTokens { get; private init; }

    public long TokenCount { get; private init; }

    /// <summary>What each device has here.</summary>
    public DeviceHoldings Holdings { get; private init; } = DeviceHoldings.None;

    /// <summary>Of one session at least.</summary>
    public WorkerLoad Load => new(Math.Max(1, Count), ByLayers.Max.LayerCount, ByTokens.Max.TokenCount);

    /// <summary>Microseconds that a step may take here for all promises to be kept; <see cref="long.MaxValue"/> without any.</summary>
    public long WorkerUsLeft => ByPromise.IsEmpty ? long.MaxValue : ByPromise.Min.WorkerUsLeft;

    public IEnumerable<SessionKey> All => ByTokens.Select(entry => entry.Session);

    /// <summary>Those that were promised something.</summary>
    public IEnumerable<SessionKey> Promised => ByPromise.Select(entry => entry.Session);

    /// <summary>With a session that is to come.</summary>
    public WorkerLoad LoadWith(SessionLoad added) =>
        new(Count + 1, Math.Max(ByLayers.Max.LayerCount, added.LayerCount), Math.Max(ByTokens.Max.TokenCount, added.TokenCountMax));

    public WorkerSessions Add(SessionKey id, SessionLoad load) => new()
    {
        ByLayers = ByLayers.Add((load.LayerCount, id)),
        ByTokens = ByTokens.Add((load.TokenCountMax, id)),
        ByPromise = load.WorkerUsLeft is { } left ? ByPromise.Add((left, id)) : ByPromise,
        LayerTokens = LayerTokens + load.LayerTokens,
        TokenCount = TokenCount + load.TokenCountMax,
        Holdings = Holdings.Add(id.Device, load.TokenCountMax),
    };

    /// <summary>Takes back what was added.</summary>
    public WorkerSessions Remove(SessionKey id, SessionLoad load) => new()
    {
        ByLayers = ByLayers.Remove((load.LayerCount, id)),
        ByTokens = ByTokens.Remove((load.TokenCountMax, id)),
        ByPromise = load.WorkerUsLeft is { } left ? ByPromise.Remove((left, id)) : ByPromise,
        LayerTokens = LayerTokens - load.LayerTokens,
        TokenCount = TokenCount - load.TokenCountMax,
        Holdings = Holdings.Remove(id.Device, load.TokenCountMax),
    };
}
