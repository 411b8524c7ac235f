namespace SplitActors.Inference.Planning.Links;

/// <summary>A link on which everything takes so many times as long as on another.</summary>
/// <param name="Link">The other.</param>
/// <param name="Factor">Above 0.</param>
public sealed record ScaledLink(ILinkModel Link, double Factor) : ILinkModel
{
    /// <inheritdoc/>
    public double ExpectedSeconds(long byteCount) => Factor * Link.ExpectedSeconds(byteCount);

    /// <inheritdoc/>
    public double WorstCaseSeconds(long byteCount) => Factor * Link.WorstCaseSeconds(byteCount);
}
