using System.Globalization;
using SplitActors.Actors.Links;
using SplitActors.Inference;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>A link as users write it: a name, a Rayleigh channel, figures, or messages that were measured.</summary>
/// <param name="Text">As it was given.</param>
/// <param name="Profile">What it means.</param>
/// <param name="Seed">Chooses the attempts that fail where it is emulated.</param>
/// <param name="Fit">What is known of the messages that it was fitted to, in words; null for none.</param>
internal sealed record LinkText(string Text, LinkProfile Profile, ulong Seed, string? Fit = null)
{
    public const string Expected = "rayleigh:bw=10MHz,snr=10, or bandwidth=5Mbit,rtt=20ms, or measured:FILE, or wifi, lte or lan";

    private const string RayleighPrefix = "rayleigh:";
    private const string MeasuredPrefix = "measured:";
    private const double SnrDecibelsMost = 60; // either way; beyond, no link deserves the name
    private const double RoundTripSecondsMax = 60;
    private const double LossMax = 0.99;

    /// <summary>At the lowest rate the longest message takes less than the time that a timer can wait.</summary>
    private const double BitsPerSecondLowest = 100;

    private const double BitsPerSecondHighest = 1e15;

    /// <summary>Figures and their sources stand in docs/cli.md.</summary>
    private static readonly Dictionary<string, LinkProfile> Named = new(StringComparer.Ordinal)
    {
        ["lan"] = LinkProfile.Of(1e9, 1e9, TimeSpan.FromMilliseconds(0.3)),
        ["wifi"] = LinkProfile.Of(15e6, 30e6, TimeSpan.FromMilliseconds(2)),
        ["lte"] = LinkProfile.Of(3e6, 4e6, TimeSpan.FromMilliseconds(20)),
    };

    private static readonly (string Suffix, double Factor)[] Hertz = [("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3), ("Hz", 1)];
    private static readonly (string Suffix, double Factor)[] BitsPerSecond = [("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3), ("bit", 1)];
    private static readonly (string Suffix, double Factor)[] Seconds = [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("s", 1)];

    /// <summary>What it means, in words.</summary>
    public string Description
    {
        get
        {
            var (up, down) = (Profile.Up, Profile.Down);
            var rates = up.BitsPerSecond == down.BitsPerSecond ? Rate(up) : $"{Rate(up)} up and {Rate(down)} down";
            var failures = up.FailureProbability > 0
                ? Invariant($", {up.FailureProbability:0.##%} of attempts fail, at most {up.AttemptsWorst} but for {up.OutageTarget:0.####%}")
                : "";
            return $"{Text}: {rates}, round trip {Invariant($"{Profile.RoundTrip.TotalMilliseconds:0.###}")} ms{failures}{(Fit is null ? "" : $"; {Fit}")}";
        }
    }

    /// <param name="text">As it was given.</param>
    /// <param name="place">Where, for messages.</param>
    /// <exception cref="UserErrorException">It is none, and the message names the part; or the file cannot be used.</exception>
    public static LinkText Parse(string text, string place)
    {
        var link = ParseAny(text, place);
        return IsUsable(link.Profile.Up) && IsUsable(link.Profile.Down)
            ? link
            : throw SettingReader.Wrong(
                place, $"a link of {BitsPerSecondLowest} bit/s to {BitsPerSecondHighest / 1e9:0} Gbit/s, and of at most {RoundTripSecondsMax} s", text);
    }

    private static LinkText ParseAny(string text, string place)
    {
        if (Named.TryGetValue(text, out var named))
            return new LinkText(text, named, Seed: 1);
        if (text.StartsWith(RayleighPrefix, StringComparison.Ordinal))
            return ParseRayleigh(text, new LinkFields(text[RayleighPrefix.Length..], place, ["bw", "snr", "eps", "rtt", "seed"]));
        if (text.StartsWith(MeasuredPrefix, StringComparison.Ordinal))
            return FittedTo(text, text[MeasuredPrefix.Length..], place);
        if (!text.Contains('=', StringComparison.Ordinal))
            throw SettingReader.Wrong(place, Expected, text);
        return ParseFigures(text, new LinkFields(text, place, ["bandwidth", "down", "rtt", "loss", "seed"]));
    }

    /// <summary>Where bytes take no time, as on a link that was measured with messages of one size, the rate is infinite.</summary>
    private static bool IsUsable(LinkDirection direction) =>
        direction.BitsPerSecond * (1 - direction.FailureProbability) >= BitsPerSecondLowest
        && (direction.BitsPerSecond <= BitsPerSecondHighest || double.IsPositiveInfinity(direction.BitsPerSecond))
        && direction.FailureProbability <= LossMax
        && direction.Delay.TotalSeconds <= RoundTripSecondsMax;

    private static LinkText FittedTo(string text, string path, string place)
    {
        var link = MeasuredLinkFile.Read(path, place);
        var estimate = link.Estimate()!;
        var (delay, perByte) = (estimate.DelaySeconds, estimate.SecondsPerByte);
        var fit = Invariant($"fitted to {estimate.MessageCount} messages: {delay.Value * 1e3:0.##} ± {delay.StandardError * 1e3:0.##} ms one way, ")
            + Invariant($"{perByte.Value * 1e6:0.###} ± {perByte.StandardError * 1e6:0.###} µs a byte, {estimate.LossProbability.Value:0.##%} lost");
        return new LinkText(text, LinkProfile.FittedTo(link), Seed: 1, fit);
    }

    private static LinkText ParseRayleigh(string text, LinkFields fields)
    {
        var bandwidth = fields.Required("bw", "a bandwidth such as 10MHz", value => Positive(value, Hertz));
        var snr = fields.Required("snr", "a signal-to-noise ratio from 1e-6 to 1e6 such as 10, or -60dB to 60dB", Snr);
        var outage = fields.Optional<double>("eps", "a probability above 0 and below 1 such as 0.001", value => Probability(value) is > 0 and var p ? p : null);
        var profile = LinkProfile.Rayleigh(new RayleighChannel(bandwidth, snr), RoundTrip(fields) ?? TimeSpan.Zero, outage ?? LinkProfile.OutageTargetDefault);
        return new LinkText(text, profile, SeedOf(fields));
    }

    private static LinkText ParseFigures(string text, LinkFields fields)
    {
        const string bandwidth = "bits per second such as 5Mbit, 800kbit or 1Gbit";
        var up = fields.Required("bandwidth", bandwidth, value => Positive(value, BitsPerSecond));
        var down = fields.Optional("down", bandwidth, value => Positive(value, BitsPerSecond)) ?? up;
        var loss = fields.Optional<double>(
            "loss", "a share up to 99% such as 1% or 0.01", value => Probability(value) is <= LossMax and var p ? p : null) ?? 0;
        var roundTrip = RoundTrip(fields) ?? throw fields.Missing("rtt", "a time such as 20ms");
        return new LinkText(text, LinkProfile.Of(up, down, roundTrip, loss), SeedOf(fields));
    }

    private static TimeSpan? RoundTrip(LinkFields fields) =>
        fields.Optional<double>("rtt", "a time up to 60s such as 20ms", value => Time(value) is <= RoundTripSecondsMax and var seconds ? seconds : null) is { } found
            ? TimeSpan.FromSeconds(found)
            : null;

    private static ulong SeedOf(LinkFields fields) =>
        fields.Optional<ulong>("seed", "a whole number of at least 0", value => ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : null) ?? 1;

    /// <summary>Seconds; null if the text is no time.</summary>
    public static double? Time(string text) => Scaled(text, Seconds) is >= 0 and var seconds ? seconds : null;

    private static double? Positive(string text, (string, double)[] units) =>
        Scaled(text, units) is > 0 and < double.PositiveInfinity and var value ? value : null;

    private static double? Snr(string text)
    {
        var ratio = text.EndsWith("dB", StringComparison.Ordinal) ? Number(text[..^2]) is { } decibels ? Math.Pow(10, decibels / 10) : null : Number(text);
        return ratio > 0 && Math.Abs(10 * Math.Log10(ratio.Value)) <= SnrDecibelsMost + 1e-9 ? ratio : null;
    }

    private static double? Probability(string text) =>
        (text.EndsWith('%') ? Number(text[..^1]) / 100 : Number(text)) is >= 0 and < 1 and var probability ? probability : null;

    private static double? Scaled(string text, (string Suffix, double Factor)[] units)
    {
        foreach (var (suffix, factor) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
                return Number(text[..^suffix.Length]) * factor;
        }

        return null;
    }

    private static string Rate(LinkDirection direction) => double.IsFinite(direction.BitsPerSecond)
        ? Invariant($"{direction.BitsPerSecond / 1e6:0.##} Mbit/s")
        : "no time for bytes";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
