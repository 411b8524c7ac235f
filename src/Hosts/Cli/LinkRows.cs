using System.Globalization;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>The ledger's lines about an emulated link.</summary>
internal static class LinkRows
{
    public static IEnumerable<(string Name, string Value)> Of(Ledger ledger, RunLink? link)
    {
        if (link is null)
            yield break;
        yield return ("link", $"{link.Text}: up {Describe(link.Up)}, down {Describe(link.Down)}");
        if (ledger.LinkUs(50) is { } p50)
            yield return ("link time", Text($"p50 {p50 / 1000.0:F2} ms, p99 {ledger.LinkUs(99)!.Value / 1000.0:F2} ms for each token, there and back"));
        if (link.Observation is { } seen)
            yield return ("link measured", Describe(seen));
    }

    private static string Describe(LinkTraffic traffic) =>
        Text($"{traffic.ByteCount} B in {traffic.MessageCount} messages (retransmissions: {traffic.RepeatCount})");

    private static string Describe(LinkObservation seen)
    {
        var bandwidth = seen.BitsPerSecond is { } known ? $"{WithError(known, 1e6, "F2")} Mbit/s" : "bandwidth not to be told from the noise";
        var (roundTrip, loss) = (WithError(seen.RoundTripSeconds, 1e-3, "F2"), WithError(seen.LossProbability, 0.01, "F1"));
        return $"{bandwidth}, RTT {roundTrip} ms, loss {loss} %, from {seen.SampleCount} round trips";
    }

    /// <summary>Value ± standard error.</summary>
    private static string WithError(Estimate estimate, double unit, string format) =>
        $"{(estimate.Value / unit).ToString(format, CultureInfo.InvariantCulture)} ± {(estimate.StandardError / unit).ToString(format, CultureInfo.InvariantCulture)}";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
