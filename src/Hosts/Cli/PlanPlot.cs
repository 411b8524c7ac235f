using System.Text;
using SplitActors.Hosts.Charts;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Hosts.Cli;

/// <summary>Time per token and memory against the split, one above the other; what keeps all limits stands out, and the limits are lines.</summary>
internal static class PlanPlot
{
    private const int PanelHeight = 540; // of a chart

    /// <summary>Two charts in one SVG file.</summary>
    public static string Draw(PlanReport report)
    {
        var problem = report.Problem;
        string[] panels =
        [
            SvgChart.Draw(Panel(
                report, "Time per token", "ms per token, worst case", candidate => candidate.TokenSecondsWorst * 1e3, "deadline", problem.DeadlineSeconds * 1e3)),
            SvgChart.Draw(Panel(
                report, "Memory of the device", "MB", candidate => candidate.Memory.ByteCount / 1e6, "memory limit",
                problem.MemoryBytesMax < long.MaxValue ? problem.MemoryBytesMax / 1e6 : double.PositiveInfinity)),
        ];
        var svg = new StringBuilder($"""<svg xmlns="http://www.w3.org/2000/svg" width="960" height="{panels.Length * PanelHeight}" viewBox="0 0 960 {panels.Length * PanelHeight}">""").Append('\n');
        for (var i = 0; i < panels.Length; i++)
            svg.Append($"""<g transform="translate(0 {i * PanelHeight})">""").Append('\n').Append(panels[i]).Append("</g>\n");
        return svg.Append("</svg>\n").ToString();
    }

    private static Chart Panel(PlanReport report, string title, string unit, Func<Candidate, double> value, string limitName, double limit)
    {
        var candidates = report.Plan.Candidates.Where(candidate => double.IsFinite(value(candidate))).ToList();
        var layerCount = report.Problem.Config.LayerCount;
        var series = candidates
            .Where(candidate => candidate.Choice.SplitLayer > 0)
            .GroupBy(candidate => candidate.Choice.FrontWeights)
            .OrderByDescending(weights => weights.Key.Bits)
            .Select(weights => new ChartSeries($"{weights.Key.Bits} bits per weight", [], Line(weights)))
            .ToList();
        series.Add(new ChartSeries("keeps all limits", Marks(candidates.Where(candidate => candidate.IsFeasible)), Region(candidates.Where(candidate => candidate.IsFeasible))));
        series.Add(new ChartSeries("breaks one", Marks(candidates.Where(candidate => !candidate.IsFeasible)), []));
        if (report.Plan.Choice is { } choice)
            series.Add(new ChartSeries("chosen", Marks([choice]), []));
        if (double.IsFinite(limit))
            series.Add(new ChartSeries(limitName, [], [new ChartPoint(0, limit), new ChartPoint(layerCount, limit)]));
        return new Chart($"{title}: {Path.GetFileName(Path.TrimEndingDirectorySeparator(report.Model))}", new ChartAxis("layers on the device"), new ChartAxis(unit), series);

        ChartPoint[] Marks(IEnumerable<Candidate> shown) => [.. shown.Select(Point)];

        // The least of each split, in this format.
        ChartPoint[] Line(IEnumerable<Candidate> shown) => [.. shown.GroupBy(candidate => candidate.Choice.SplitLayer).Select(split => Point(split.MinBy(value)!))];

        // Around all that keeps the limits: along the least of each split and back along the most.
        ChartPoint[] Region(IEnumerable<Candidate> shown)
        {
            var splits = shown.GroupBy(candidate => candidate.Choice.SplitLayer).Select(split => split.OrderBy(value).Select(Point).ToArray()).ToArray();
            return splits.Length == 0 ? [] : [.. splits.Select(split => split[0]), .. splits.Reverse().Select(split => split[^1]), splits[0][0]];
        }

        ChartPoint Point(Candidate candidate) => new(
            candidate.Choice.SplitLayer, value(candidate),
            $"ℓ = {candidate.Choice.SplitLayer}, weights of {candidate.Choice.FrontWeights.Bits} bits, keys and values of {(int)candidate.Choice.FrontKv}: {value(candidate):0.##} {unit}; {candidate.Reason}");
    }
}
