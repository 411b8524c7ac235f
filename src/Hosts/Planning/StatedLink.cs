using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Planning;

/// <summary>A link of stated figures. A lost message is sent again after as long as one takes.</summary>
/// <param name="bitsPerSecond">Above 0.</param>
/// <param name="delaySeconds">In one direction, whatever the size.</param>
/// <param name="lossProbability">Of a message; 0 to below 1.</param>
/// <param name="outageTarget">ε, above 0, below 1.</param>
internal sealed class StatedLink(double bitsPerSecond, double delaySeconds, double lossProbability, double outageTarget) : ILinkModel
{
    private const int BitsPerByte = 8;

    private readonly double _attempts = lossProbability > 0 ? Math.Max(1, Math.Ceiling(Math.Log(outageTarget) / Math.Log(lossProbability))) : 1;

    public double ExpectedSeconds(long byteCount) => AttemptSeconds(byteCount) / (1 - lossProbability);

    public double WorstCaseSeconds(long byteCount) => _attempts * AttemptSeconds(byteCount);

    private double AttemptSeconds(long byteCount) => delaySeconds + (byteCount * BitsPerByte / bitsPerSecond);
}
