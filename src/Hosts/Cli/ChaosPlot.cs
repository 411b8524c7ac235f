using SplitActors.Hosts.Chaos;
using SplitActors.Hosts.Charts;

namespace SplitActors.Hosts.Cli;

/// <summary>How many sessions went on within which time, for each kind of disturbance.</summary>
internal static class ChaosPlot
{
    public static string Draw(ChaosReport report)
    {
        var series = report.Recoveries.Where(group => group.RecoveriesMs.Count > 0).Select(group =>
        {
            ChartPoint[] points =
            [
                .. group.RecoveriesMs.Select((milliseconds, i) => (milliseconds, Share: 100.0 * (i + 1) / group.RecoveriesMs.Count))
                    .Select(at => new ChartPoint(at.milliseconds, at.Share, FormattableString.Invariant($"{group.Name}: {at.Share:0} % within {at.milliseconds:0} ms"))),
            ];
            return new ChartSeries(group.Name, points, points);
        });
        return SvgChart.Draw(new Chart(
            "Until a disturbed session goes on",
            new ChartAxis("ms more than usual for the next token (hollow: none)", IsLogarithmic: true),
            new ChartAxis("% of the sessions"),
            [.. series]));
    }
}
