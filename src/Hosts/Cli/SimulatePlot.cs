using System.Text;
using SplitActors.Hosts.Charts;
using SplitActors.Hosts.Simulating;

namespace SplitActors.Hosts.Cli;

/// <summary>Server time and server tokens against the number of devices, one above the other [2511.04002, figure 5].</summary>
internal static class SimulatePlot
{
    private const int PanelHeight = 540; // of a chart

    /// <summary>Two charts in one SVG file.</summary>
    public static string Draw(IReadOnlyList<OffloadPoint> points)
    {
        string[] panels =
        [
            SvgChart.Draw(Panel(points, "Time of the servers", "seconds", point => point.ServerTime.TotalSeconds)),
            SvgChart.Draw(Panel(points, "Tokens of the servers", "tokens", point => point.ServerTokenCount)),
        ];
        var svg = new StringBuilder($"""<svg xmlns="http://www.w3.org/2000/svg" width="960" height="{panels.Length * PanelHeight}" viewBox="0 0 960 {panels.Length * PanelHeight}">""").Append('\n');
        for (var i = 0; i < panels.Length; i++)
            svg.Append($"""<g transform="translate(0 {i * PanelHeight})">""").Append('\n').Append(panels[i]).Append("</g>\n");
        return svg.Append("</svg>\n").ToString();
    }

    private static Chart Panel(IReadOnlyList<OffloadPoint> points, string title, string unit, Func<OffloadPoint, double> value)
    {
        var series = points.GroupBy(point => point.TokenCountMax).Select(curve =>
        {
            ChartPoint[] marks = [.. curve.Select(point => new ChartPoint(point.DeviceCount, value(point), $"{SimulateReport.NameOf(curve.Key)}, {point.DeviceCount} devices: {value(point):0.##} {unit}"))];
            return new ChartSeries(SimulateReport.NameOf(curve.Key), marks, marks);
        });
        return new Chart(title, new ChartAxis("devices"), new ChartAxis(unit), [.. series]);
    }
}
