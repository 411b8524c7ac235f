namespace SplitActors.Inference.Planning.Compute;

/// <summary>Where a token's time goes, in seconds.</summary>
/// <param name="Device">Embedding, front layers and compression; all layers and the head if there is no worker. With what the arrival of the token takes.</param>
/// <param name="Uplink">The hidden state, or the token ids.</param>
/// <param name="Queue">Until the worker begins.</param>
/// <param name="Worker">Decompression, back layers and head, with what the arrival of the hidden state takes.</param>
/// <param name="Downlink">The token.</param>
public readonly record struct LatencyParts(double Device, double Uplink, double Queue, double Worker, double Downlink)
{
    public double Seconds => Device + Uplink + Queue + Worker + Downlink;
}
