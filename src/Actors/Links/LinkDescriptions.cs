using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>Declared links on the wire.</summary>
public static class LinkDescriptions
{
    public static LinkDescription ToMessage(this LinkProfile link) => link.Channel is { } channel
        ? new LinkDescription
        {
            Rayleigh = new ChannelDescription
            {
                BandwidthHz = channel.BandwidthHz,
                Snr = channel.SnrLinear,
                OutageTarget = link.Up.OutageTarget,
                RoundTrip = link.RoundTrip.TotalSeconds,
            },
        }
        : new LinkDescription { Directions = new DirectionsDescription { Up = ToMessage(link.Up), Down = ToMessage(link.Down) } };

    /// <summary>With R*, where a channel is described. Null for what is no link: then only measurements tell.</summary>
    public static LinkProfile? ToProfile(this LinkDescription? message) => message?.KindCase switch
    {
        LinkDescription.KindOneofCase.Rayleigh when IsSound(message.Rayleigh) => LinkProfile.Rayleigh(
            new RayleighChannel(message.Rayleigh.BandwidthHz, message.Rayleigh.Snr), TimeSpan.FromSeconds(message.Rayleigh.RoundTrip), message.Rayleigh.OutageTarget),
        LinkDescription.KindOneofCase.Directions when ToDirection(message.Directions.Up) is { } up && ToDirection(message.Directions.Down) is { } down => new LinkProfile(up, down),
        _ => null,
    };

    private static DirectionDescription ToMessage(LinkDirection direction) => new()
    {
        BitsPerSecond = direction.BitsPerSecond,
        Delay = direction.Delay.TotalSeconds,
        FailureProbability = direction.FailureProbability,
        RepeatAfter = direction.RepeatAfter.TotalSeconds,
        OutageTarget = direction.OutageTarget,
    };

    private static LinkDirection? ToDirection(DirectionDescription? message) =>
        message is not null && Plausible.IsRate(message.BitsPerSecond) && Plausible.IsLoss(message.FailureProbability)
            && Plausible.IsOutageTarget(message.OutageTarget) && Plausible.AreTimes(message.Delay, message.RepeatAfter)
            ? new LinkDirection(
                message.BitsPerSecond, TimeSpan.FromSeconds(message.Delay), message.FailureProbability, TimeSpan.FromSeconds(message.RepeatAfter), message.OutageTarget)
            : null;

    private static bool IsSound(ChannelDescription channel) =>
        Plausible.IsBandwidth(channel.BandwidthHz) && Plausible.IsSnr(channel.Snr)
        && Plausible.IsOutageTarget(channel.OutageTarget) && Plausible.IsTime(channel.RoundTrip);
}
