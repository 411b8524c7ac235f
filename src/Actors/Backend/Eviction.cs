using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>
/// Which idle sessions make room for a new one: those that were silent longest, and none if that does not help; for a device that has all
/// it may have, its own only. Their devices find out with their next step, and replay.
/// </summary>
internal static class Eviction
{
    /// <param name="id">Of a session that may be larger than what is free.</param>
    /// <param name="open">What it asks for.</param>
    /// <param name="worker">Before it.</param>
    /// <param name="now">Time since any fixed moment.</param>
    /// <returns>Sessions to drop; empty where there is room, and where no eviction makes enough of it.</returns>
    public static ImmutableArray<SessionKey> Choose(SessionKey id, OpenSession open, WorkerState worker, TimeSpan now)
    {
        var layout = worker.Options.KvLayout.WithLayers(worker.Options.Layers.End - (int)open.SplitLayer);
        var bytes = layout.BytesFor((int)open.TokenCountMax);
        var before = worker.Without(id);
        var idle = before.Sessions.Where(session => IsEvictable(session.Value, worker.Options, now))
            .OrderBy(session => session.Value.SeenAt).ThenBy(session => session.Key).Select(session => session.Key).ToList();

        var (own, without) = Evict(before, idle.Where(session => session.Device == id.Device), HasDeviceRoom);
        var (others, after) = Evict(without, idle.Except(own), HasRoom);
        return HasDeviceRoom(after) && HasRoom(after) ? [.. own, .. Needed(others, without, after, layout.LayerCount)] : [];

        bool HasDeviceRoom(WorkerState state) => state.Options.DeviceLimit.HoldsWith(state.Holdings.Of(id.Device), open.TokenCountMax);

        bool HasRoom(WorkerState state) =>
            state.Sessions.Count < state.Options.SessionCountMax
            && state.KvReservations.BytesFree(layout.LayerCount, state.Options.KvBytesMax) >= bytes;
    }

    private static (ImmutableArray<SessionKey> Evicted, WorkerState After) Evict(
        WorkerState before, IEnumerable<SessionKey> idle, Func<WorkerState, bool> isEnough)
    {
        var (evicted, after) = (ImmutableArray.CreateBuilder<SessionKey>(), before);
        foreach (var next in idle)
        {
            if (isEnough(after))
                break;
            evicted.Add(next);
            after = after.Without(next);
        }

        return (evicted.ToImmutable(), after);
    }

    /// <summary>A batch that runs counts as use, so that no cache is taken from under it.</summary>
    private static bool IsEvictable(WorkerSession session, WorkerOptions options, TimeSpan now) =>
        session.UnansweredRows == 0 && now - session.SeenAt >= options.EvictableAfter;

    /// <summary>Sessions of other splits help only if their pool is empty without them. Where no memory is lacking, one makes place enough.</summary>
    private static ImmutableArray<SessionKey> Needed(ImmutableArray<SessionKey> evicted, WorkerState before, WorkerState after, int layerCount)
    {
        var kept = after.Sessions.Values.Select(session => session.Layers.Count).ToHashSet();
        ImmutableArray<SessionKey> needed = [.. evicted.Where(id => before.Sessions[id].Layers.Count is var layers && (layers == layerCount || !kept.Contains(layers)))];
        return needed.IsEmpty ? [.. evicted.Take(1)] : needed;
    }
}
