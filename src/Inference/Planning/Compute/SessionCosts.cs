namespace SplitActors.Inference.Planning.Compute;

/// <summary>What a machine takes for a token of a session beside its layers, in seconds. Nothing is known where all are 0.</summary>
/// <param name="EncodeSeconds">Compression of a hidden state, on the device.</param>
/// <param name="DecodeSeconds">Its inverse, on the worker.</param>
/// <param name="HandOverSeconds">A message between two threads that are at work.</param>
/// <param name="ArrivalSeconds">A message over a link, beside the link: timers are late, and who waits for it must wake up.</param>
public readonly record struct SessionCosts(double EncodeSeconds, double DecodeSeconds, double HandOverSeconds, double ArrivalSeconds)
{
    public SessionCosts Scaled(double factor) => new(factor * EncodeSeconds, factor * DecodeSeconds, factor * HandOverSeconds, factor * ArrivalSeconds);
}
