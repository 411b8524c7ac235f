namespace SplitActors.Inference.Planning.Links;

/// <summary>How long a message takes across a link, in one direction.</summary>
public interface ILinkModel
{
    /// <summary>Seconds on average.</summary>
    double ExpectedSeconds(long byteCount);

    /// <summary>Seconds within which it arrives, but for the outage target's probability; +∞ if none are enough.</summary>
    double WorstCaseSeconds(long byteCount);
}
