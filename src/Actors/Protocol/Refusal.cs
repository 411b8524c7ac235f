namespace SplitActors.Actors.Protocol;

/// <summary>Why something is not served, for a <see cref="Rejected"/>.</summary>
public sealed record Refusal(RejectReason Reason, string Detail)
{
    /// <summary>Trying later does not help.</summary>
    public bool IsFinal { get; init; }
}
