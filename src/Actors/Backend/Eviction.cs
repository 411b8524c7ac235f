using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>
/// Which idle sessions make room for a new one: those that were silent longest, and none if that does not help. Their devices find out with their
/// next step, and replay.
/// </summary>
internal static class Eviction
{
    /// <param name="open">Of a session that may be larger than what is free.</param>
    /// <param name="worker">Before it.</param>
    /// <param name="now">Time since any fixed moment.</param>
    /// <returns>Sessions to drop; empty where there is room, and where no eviction makes enough of it.</returns>
    public static ImmutableArray<SessionId> Choose(OpenSession open, WorkerState worker, TimeSpan now)
    {
        var layout = worker.Options.KvLayout.WithLayers(worker.Options.Layers.End - (int)open.SplitLayer);
        var bytes = layout.BytesFor((int)open.TokenCountMax);
        var id = new SessionId(open.SessionId);
        var after = worker.Without(id);
        var evicted = ImmutableArray.CreateBuilder<SessionId>();
        var idle = after.Sessions.Where(session => IsEvictable(session.Value, worker.Options, now)).OrderBy(session => session.Value.SeenAt).ThenBy(session => session.Key.Value);
        foreach (var (next, _) in idle.TakeWhile(_ => !HasRoom()))
        {
            evicted.Add(next);
            after = after.Without(next);
        }

        return HasRoom() ? Needed(evicted, worker, after, layout.LayerCount) : [];

        bool HasRoom() => after.Sessions.Count < worker.Options.SessionCountMax && after.KvReservations.BytesFree(layout.LayerCount, worker.Options.KvBytesMax) >= bytes;
    }

    /// <summary>A batch that runs counts as use, so that no cache is taken from under it.</summary>
    private static bool IsEvictable(WorkerSession session, WorkerOptions options, TimeSpan now) =>
        session.UnansweredRows == 0 && now - session.SeenAt >= options.EvictableAfter;

    /// <summary>Sessions of other splits help only if their pool is empty without them. Where no memory is lacking, one makes place enough.</summary>
    private static ImmutableArray<SessionId> Needed(ImmutableArray<SessionId>.Builder evicted, WorkerState before, WorkerState after, int layerCount)
    {
        var kept = after.Sessions.Values.Select(session => session.Layers.Count).ToHashSet();
        ImmutableArray<SessionId> needed = [.. evicted.Where(id => before.Sessions[id].Layers.Count is var layers && (layers == layerCount || !kept.Contains(layers)))];
        return needed.IsEmpty ? [.. evicted.Take(1)] : needed;
    }
}
