namespace SplitActors.Actors.Protocol;

/// <summary>Why something is not served, for a <see cref="Rejected"/>.</summary>
public sealed record Refusal(RejectReason Reason, string Detail);
