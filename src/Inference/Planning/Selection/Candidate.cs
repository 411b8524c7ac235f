using System.Collections.Immutable;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Planning.Selection;

/// <summary>What became of a candidate.</summary>
public enum Verdict
{
    Chosen,

    /// <summary>It keeps all limits, and another is better.</summary>
    NotBest,

    /// <summary>It keeps all limits, but the device or the worker alone does so too and is as fast, or nearly so: splitting would not pay.</summary>
    NoGain,

    /// <summary>It breaks a limit.</summary>
    Infeasible,
}

/// <summary>A choice with all that is predicted of it.</summary>
/// <param name="Choice">(ℓ, Q^w, Q^a)</param>
/// <param name="Memory">On the device.</param>
/// <param name="PerplexityRise">Relative; null where nothing is known, which keeps no limit but infinity.</param>
/// <param name="ActivationBits">Ψ(Q^a)</param>
/// <param name="FirstToken">
/// Expected, after the whole prompt; an upper bound, as chunks of a prompt travel while others are computed.
/// </param>
/// <param name="Token">Expected, half-way from the prompt's end to W̄.</param>
/// <param name="TokenWorst">In the links' worst case, at W̄ tokens.</param>
/// <param name="UplinkBytes">Of a decoded token.</param>
/// <param name="Shortfalls">Limits that it breaks.</param>
/// <param name="Verdict">Chosen or not.</param>
/// <param name="Reason">In words.</param>
public sealed record Candidate(
    SplitChoice Choice, DeviceMemory Memory, double? PerplexityRise, long ActivationBits, LatencyParts FirstToken, LatencyParts Token,
    LatencyParts TokenWorst, long UplinkBytes, ImmutableArray<Shortfall> Shortfalls, Verdict Verdict, string Reason)
{
    public bool IsFeasible => Shortfalls.IsEmpty;

    public double TokenSecondsWorst => TokenWorst.Seconds;

    /// <summary>What candidates are compared by.</summary>
    internal double TokenNs => Math.Round(Token.Seconds * 1e9);
}
