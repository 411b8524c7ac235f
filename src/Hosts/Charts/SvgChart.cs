using System.Security;
using System.Text;

namespace SplitActors.Hosts.Charts;

/// <summary>Draws a <see cref="Chart"/> as SVG 1.1, without scripts or outside fonts.</summary>
internal sealed class SvgChart
{
    private const int Width = 960;
    private const int Height = 540;
    private const int Left = 80;
    private const int Right = 200; // the legend's
    private const int Top = 48;
    private const int Bottom = 64;
    private const int LegendLine = 20;
    private const int TickLength = 5;
    private const double MarkRadius = 4.5;

    /// <summary>Okabe and Ito's colours, which colour-blind readers tell apart, and three more.</summary>
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c8c00", "#882255", "#888888"];

    private readonly StringBuilder _svg = new();
    private readonly Chart _chart;
    private readonly ChartScale _x;
    private readonly ChartScale _y;

    private SvgChart(Chart chart)
    {
        _chart = chart;
        var points = chart.Series.SelectMany(series => series.Marks.Concat(series.Line)).ToArray();
        _x = new ChartScale(points.Select(point => point.X), chart.X.IsLogarithmic, Left, Width - Right);
        _y = new ChartScale(points.SelectMany(point => point.Y > 0 || !chart.Y.IsLogarithmic ? new[] { point.Y, point.Y + point.YError } : [point.Y]), chart.Y.IsLogarithmic, Height - Bottom, Top);
    }

    public static string Draw(Chart chart)
    {
        var drawing = new SvgChart(chart);
        drawing.DrawAll();
        return drawing._svg.ToString();
    }

    private void DrawAll()
    {
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" font-family="sans-serif" font-size="13">""");
        Line($"""<rect width="{Width}" height="{Height}" fill="#ffffff"/>""");
        Text(Left, Top - 20, _chart.Title, "font-size=\"16\" font-weight=\"bold\"");
        DrawAxes();
        for (var i = 0; i < _chart.Series.Count; i++)
        {
            DrawSeries(_chart.Series[i], Colours[i % Colours.Length]);
            DrawLegend(_chart.Series[i].Name, Colours[i % Colours.Length], Top + (i * LegendLine));
        }

        Line("</svg>");
    }

    private void DrawAxes()
    {
        foreach (var tick in _x.Ticks)
        {
            Line($"""<path d="M{_x.At(tick):F1} {Top}V{Height - Bottom + TickLength}" stroke="#e4e4e4"/>""");
            Text(_x.At(tick), Height - Bottom + 20, $"{tick:0.######}", "text-anchor=\"middle\"");
        }

        foreach (var tick in _y.Ticks)
        {
            Line($"""<path d="M{Left - TickLength} {_y.At(tick):F1}H{Width - Right}" stroke="#e4e4e4"/>""");
            Text(Left - 10, _y.At(tick) + 4, $"{tick:0.######}", "text-anchor=\"end\"");
        }

        Line($"""<path d="M{Left} {Top}V{Height - Bottom}H{Width - Right}" fill="none" stroke="#444444"/>""");
        Text((Left + Width - Right) / 2.0, Height - 16, _chart.X.Title, "text-anchor=\"middle\"");
        Line($"""<text transform="translate(22 {(Top + Height - Bottom) / 2.0:F1}) rotate(-90)" text-anchor="middle">{SecurityElement.Escape(_chart.Y.Title)}</text>""");
    }

    private void DrawSeries(ChartSeries series, string colour)
    {
        if (series.Line.Count > 1)
        {
            var path = string.Join('L', series.Line.Select(point => $"{_x.At(point.X):F1} {_y.At(point.Y):F1}"));
            Line($"""<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>""");
        }

        foreach (var point in series.Marks)
        {
            var (x, y) = (_x.At(point.X), _y.At(point.Y));
            if (point.YError > 0)
                Line($"""<path d="M{x:F1} {_y.At(point.Y - point.YError):F1}V{_y.At(point.Y + point.YError):F1}" stroke="{colour}"/>""");
            var fill = _y.Reaches(point.Y) && _x.Reaches(point.X) ? colour : "#ffffff";
            Line($"""<circle cx="{x:F1}" cy="{y:F1}" r="{MarkRadius}" fill="{fill}" stroke="{colour}"><title>{SecurityElement.Escape(point.Label)}</title></circle>""");
        }
    }

    private void DrawLegend(string name, string colour, int y)
    {
        Line($"""<circle cx="{Width - Right + 24}" cy="{y}" r="{MarkRadius}" fill="{colour}"/>""");
        Text(Width - Right + 36, y + 4, name, "");
    }

    private void Text(double x, double y, string text, string attributes) =>
        Line($"""<text x="{x:F1}" y="{y:F1}" {attributes}>{SecurityElement.Escape(text)}</text>""");

    private void Line(string element) => _svg.Append(element).Append('\n');
}
