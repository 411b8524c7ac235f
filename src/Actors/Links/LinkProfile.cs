using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>What the link between a device and the cloud is like, in each direction.</summary>
/// <param name="Up">From the device.</param>
/// <param name="Down">To the device.</param>
public sealed record LinkProfile(LinkDirection Up, LinkDirection Down)
{
    public const double OutageTargetDefault = 1e-3;

    /// <summary>Of which this is the use at R*; null where the link is no such channel.</summary>
    public RayleighChannel? Channel { get; private init; }

    public TimeSpan RoundTrip => Up.Delay + Down.Delay;

    /// <summary>A fading channel, used at its best rate R*; what fails is sent again at once [2511.04002, eq. 9, 10, 13].</summary>
    /// <param name="channel">W and γ, alike in both directions.</param>
    /// <param name="roundTrip">Propagation there and back.</param>
    /// <param name="outageTarget">ε, for which R* is chosen.</param>
    public static LinkProfile Rayleigh(RayleighChannel channel, TimeSpan roundTrip = default, double outageTarget = OutageTargetDefault)
    {
        var rate = new RayleighLink(channel, outageTarget).Rate.BitsPerSecond;
        var direction = new LinkDirection(rate, roundTrip / 2, channel.OutageProbability(rate), TimeSpan.Zero, outageTarget);
        return new LinkProfile(direction, direction) { Channel = channel };
    }

    /// <summary>A link of known figures; the sender notices after a round trip that a message is lost, and sends it again.</summary>
    /// <param name="bitsPerSecondUp">From the device.</param>
    /// <param name="bitsPerSecondDown">To the device.</param>
    /// <param name="roundTrip">Propagation there and back.</param>
    /// <param name="lossProbability">Of a message, in each direction.</param>
    public static LinkProfile Of(double bitsPerSecondUp, double bitsPerSecondDown, TimeSpan roundTrip, double lossProbability = 0)
    {
        return new LinkProfile(Direction(bitsPerSecondUp), Direction(bitsPerSecondDown));

        LinkDirection Direction(double bitsPerSecond) => new(bitsPerSecond, roundTrip / 2, lossProbability, roundTrip, OutageTargetDefault);
    }

    /// <summary>
    /// A link by messages that were measured in one direction; taken to be alike in both. Messages of one size only tell no bandwidth: then bytes take no time.
    /// </summary>
    /// <param name="link">At least two messages arrived.</param>
    public static LinkProfile FittedTo(MeasuredLink link)
    {
        var estimate = link.Estimate() ?? throw new ArgumentException("Nothing was measured.", nameof(link));
        var delay = TimeSpan.FromSeconds(estimate.DelaySeconds.Value);
        var direction = new LinkDirection(
            8 / estimate.SecondsPerByte.Value, delay, estimate.LossProbability.Value, 2 * delay, link.OutageTarget, TimeSpan.FromSeconds(link.LatenessSecondsWorst));
        return new LinkProfile(direction, direction);
    }

    /// <summary>Seconds within which a message and its answer are there, but for the outage target's probability in each direction.</summary>
    public double RoundTripSecondsWorst(long bytesUp, long bytesDown) => Up.WorstCaseSeconds(bytesUp) + Down.WorstCaseSeconds(bytesDown);
}
