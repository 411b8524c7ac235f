namespace SplitActors.Inference.Planning.Compute;

/// <summary>Where a token's time goes, in seconds.</summary>
/// <param name="Device">Embedding and front layers; all layers and the head if there is no worker.</param>
/// <param name="Uplink">The hidden state, or the token ids.</param>
/// <param name="Queue">Until the worker begins.</param>
/// <param name="Worker">Back layers and head.</param>
/// <param name="Downlink">The token.</param>
public readonly record struct LatencyParts(double Device, double Uplink, double Queue, double Worker, double Downlink)
{
    public double Seconds => Device + Uplink + Queue + Worker + Downlink;
}
