using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>A link of which nothing is known: taken to cost no time, so that it decides nothing.</summary>
internal sealed class UnknownLink : ILinkModel
{
    private UnknownLink()
    {
    }

    public static UnknownLink Instance { get; } = new();

    public double ExpectedSeconds(long byteCount) => 0;

    public double WorstCaseSeconds(long byteCount) => 0;
}
