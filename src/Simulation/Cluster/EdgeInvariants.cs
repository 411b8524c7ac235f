using SplitActors.Actors.Edge;

namespace SplitActors.Simulation.Cluster;

/// <summary>What always holds between two messages of a session.</summary>
internal static class EdgeInvariants
{
    /// <param name="state">Of the session.</param>
    /// <param name="options">Its limits, as they were given to it.</param>
    /// <returns>What does not hold; null if all does.</returns>
    public static string? Find(EdgeState state, EdgeOptions options)
    {
        if (state.AckedCount > state.SentCount || state.SentCount > state.Frames.Count)
            return $"{state.AckedCount} frames are acknowledged of {state.SentCount} sent of {state.Frames.Count}";
        if (state.Frames.Count > state.Tokens.Count)
            return $"{state.Frames.Count} frames are kept of {state.Tokens.Count} tokens";
        if (state.SentCount - state.AckedCount > options.InflightFramesMax)
            return $"{state.SentCount - state.AckedCount} frames are on their way; at most {options.InflightFramesMax} may be";
        if (state.ComputedCount > state.Tokens.Count)
            return $"{state.ComputedCount} of {state.Tokens.Count} tokens went through the front";
        if (state.GeneratedCount > options.GeneratedCountMax || state.Tokens.Count > options.ContextLength)
            return $"{state.GeneratedCount} tokens are generated, {state.Tokens.Count} in all; at most {options.GeneratedCountMax} and {options.ContextLength} may be";
        if (state.Frames is [.., var last] && last.End != state.ComputedCount)
            return $"the frames end at token {last.End}, the front at {state.ComputedCount}";
        return state.FailoverCount > options.FailoversMax + 1 ? $"{state.FailoverCount} workers were lost since the last token; the limit is {options.FailoversMax}" : null;
    }
}
