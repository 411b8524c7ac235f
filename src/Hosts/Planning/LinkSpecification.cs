using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Planning;

/// <summary>A link as a user describes it: what a plan reckons with, and what an emulated link does.</summary>
internal abstract record LinkSpecification
{
    /// <summary>From the device to the worker.</summary>
    public abstract ILinkModel Uplink { get; }

    public abstract ILinkModel Downlink { get; }

    /// <summary>In words.</summary>
    public abstract string Description { get; }
}

/// <summary>A fading channel, the same in both directions [2511.04002, eq. 9, 10, 13].</summary>
/// <param name="Channel">W and γ.</param>
/// <param name="OutageTarget">ε</param>
/// <param name="DelaySeconds">In one direction, whatever the size.</param>
internal sealed record RayleighSpecification(RayleighChannel Channel, double OutageTarget, double DelaySeconds) : LinkSpecification
{
    public RayleighLink Link { get; } = new(Channel, OutageTarget, delaySeconds: DelaySeconds);

    public override ILinkModel Uplink => Link;

    public override ILinkModel Downlink => Link;

    public override string Description =>
        $"Rayleigh fading, {Channel.BandwidthHz / 1e6:0.###} MHz, γ = {Channel.SnrLinear:0.###}: R* = {Link.Rate.BitsPerSecond / 1e6:0.##} Mbit/s, "
        + $"at most {Link.Rate.Attempts} attempts but for {OutageTarget:0.####%}";
}

/// <summary>A link with stated figures.</summary>
/// <param name="UplinkBitsPerSecond">From the device to the worker.</param>
/// <param name="DownlinkBitsPerSecond">And back.</param>
/// <param name="RoundTripSeconds">Of messages without bytes.</param>
/// <param name="LossProbability">Of a message, in either direction.</param>
/// <param name="OutageTarget">ε</param>
internal sealed record StatedSpecification(
    double UplinkBitsPerSecond, double DownlinkBitsPerSecond, double RoundTripSeconds, double LossProbability, double OutageTarget) : LinkSpecification
{
    public override ILinkModel Uplink => new StatedLink(UplinkBitsPerSecond, RoundTripSeconds / 2, LossProbability, OutageTarget);

    public override ILinkModel Downlink => new StatedLink(DownlinkBitsPerSecond, RoundTripSeconds / 2, LossProbability, OutageTarget);

    public override string Description =>
        $"{UplinkBitsPerSecond / 1e6:0.###} Mbit/s up, {DownlinkBitsPerSecond / 1e6:0.###} down, round trip {RoundTripSeconds * 1e3:0.###} ms, {LossProbability:0.###%} lost";
}

/// <summary>A link of which measured messages are known; taken to be the same in both directions.</summary>
/// <param name="Link">Fitted to them.</param>
/// <param name="Place">Where they come from.</param>
internal sealed record MeasuredSpecification(MeasuredLink Link, string Place) : LinkSpecification
{
    public override ILinkModel Uplink => Link;

    public override ILinkModel Downlink => Link;

    public override string Description
    {
        get
        {
            var estimate = Link.Estimate()!;
            return $"measured by {estimate.MessageCount} messages of {Place}: {estimate.DelaySeconds.Value * 1e3:0.##} ± {estimate.DelaySeconds.StandardError * 1e3:0.##} ms one way, "
                + $"{estimate.SecondsPerByte.Value * 1e6:0.###} µs a byte, {estimate.LossProbability.Value:0.##%} lost";
        }
    }
}
