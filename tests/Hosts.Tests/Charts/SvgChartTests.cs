using System.Globalization;
using System.Xml.Linq;
using SplitActors.Hosts.Charts;

namespace SplitActors.Hosts.Tests.Charts;

public sealed class SvgChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly ChartPoint[] Curve = [new(100, 1, "a & b", YError: 0.5), new(200, 0.1, "c"), new(400, -0.2, "d")];

    private static XElement Drawing { get; } = XDocument.Parse(SvgChart.Draw(new Chart(
        "Rise < 1 %", new ChartAxis("bytes"), new ChartAxis("rise", IsLogarithmic: true), [new ChartSeries("rd & klt", Curve, Curve[..2]), new ChartSeries("fp16", [new(512, 0.02)], [])]))).Root!;

    private static IEnumerable<XElement> Marks => Drawing.Elements(Svg + "circle").Where(circle => circle.Element(Svg + "title") is not null);

    [Fact]
    public void Draw_Texts_AreEscaped()
    {
        Assert.Contains(Drawing.Elements(Svg + "text"), text => text.Value == "Rise < 1 %");
        Assert.Contains(Drawing.Elements(Svg + "text"), text => text.Value == "rd & klt");
        Assert.Equal(["a & b", "c", "d", ""], Marks.Select(mark => mark.Value), StringComparer.Ordinal);
    }

    [Fact]
    public void Draw_Marks_StandInOrderOfTheirValues()
    {
        double[] x = [.. Marks.Select(mark => Number(mark, "cx"))];
        double[] y = [.. Marks.Select(mark => Number(mark, "cy"))];
        Assert.Equal(x.Order(), x);
        Assert.True(y[0] < y[1] && y[1] < y[3] && y[3] < y[2]); // a pixel further down is less
    }

    [Fact]
    public void Draw_ValueBelowTheAxis_IsHollow() =>
        Assert.Equal(["#0072b2", "#0072b2", "#ffffff", "#d55e00"], Marks.Select(mark => mark.Attribute("fill")!.Value), StringComparer.Ordinal);

    [Fact]
    public void Draw_LinesAndErrorBars_AreThere()
    {
        var strokes = Drawing.Elements(Svg + "path").Where(path => path.Attribute("stroke")!.Value == "#0072b2").ToArray();
        Assert.Equal(2, strokes.Length); // the line and one bar
        Assert.Single(strokes, path => path.Attribute("stroke-width") is not null);
    }

    [Fact]
    public void Draw_NoPoints_DrawsTheAxes()
    {
        var drawing = XDocument.Parse(SvgChart.Draw(new Chart("empty", new ChartAxis("x"), new ChartAxis("y"), [])));
        Assert.Contains(drawing.Root!.Elements(Svg + "text"), text => text.Value == "empty");
    }

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
