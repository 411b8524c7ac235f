namespace SplitActors.Hosts.Charts;

/// <summary>What an axis shows. On a logarithmic axis values of 0 and below stand, hollow, at its lower end.</summary>
internal sealed record ChartAxis(string Title, bool IsLogarithmic = false);

/// <summary>One mark.</summary>
/// <param name="Label">Shown where the pointer rests.</param>
/// <param name="YError">Half the length of its error bar; 0 for none.</param>
internal readonly record struct ChartPoint(double X, double Y, string Label = "", double YError = 0);

/// <summary>Marks of one colour, and a line of that colour through some points, by rising X.</summary>
internal sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Marks, IReadOnlyList<ChartPoint> Line);

/// <summary>A line or scatter chart.</summary>
internal sealed record Chart(string Title, ChartAxis X, ChartAxis Y, IReadOnlyList<ChartSeries> Series);
