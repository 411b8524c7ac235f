using SplitActors.Actors.Scheduling;

namespace SplitActors.Actors.Simulation.Cluster;

/// <summary>What always holds between two messages of the scheduler.</summary>
internal static class SchedulerInvariants
{
    /// <param name="before">The message.</param>
    /// <param name="after">It.</param>
    /// <returns>What does not hold; null if all does.</returns>
    public static string? Find(SchedulerState before, SchedulerState after)
    {
        if (after.Sessions.Count > after.Options.SessionCountMax)
            return $"{after.Sessions.Count} sessions are placed; at most {after.Options.SessionCountMax} may be";
        return ReferenceEquals(before.Sessions, after.Sessions) ? null : FindInLoads(after);
    }

    /// <summary>What workers have to do is kept with each change; now and then it is counted anew.</summary>
    private static string? FindInLoads(SchedulerState state)
    {
        foreach (var worker in state.Sessions.Values.Select(session => session.Worker).Distinct(StringComparer.Ordinal))
        {
            var placed = state.Sessions.Where(session => session.Value.Worker == worker).Select(session => state.LoadOf(session.Value)).ToList();
            var kept = state.SessionsOn(worker);
            if (kept.Count != placed.Count || kept.LayerTokens != placed.Sum(load => load.LayerTokens))
                return $"{kept.Count} sessions with {kept.LayerTokens} tokens in layers are counted on {worker}; there are {placed.Count} with {placed.Sum(load => load.LayerTokens)}";
        }

        return null;
    }
}
