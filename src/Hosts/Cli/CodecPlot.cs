using SplitActors.Hosts.Charts;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>What a byte buys: perplexity over bytes per token, mean over the splits.</summary>
internal static class CodecPlot
{
    public static string Draw(CodecMeasureReport report)
    {
        var series = report.Means
            .GroupBy(mean => mean.Family, StringComparer.Ordinal)
            .Select(family => new ChartSeries(family.Key, [.. family.Select(Point)], Frontier(family)));
        var title = report.Splits.Count == 1 ? $"Hidden states at split {report.Splits[0]}" : $"Hidden states, mean over splits {string.Join(", ", report.Splits)}";
        return SvgChart.Draw(new Chart(
            title,
            new ChartAxis($"bytes per token, in frames of {MeteredTransport.FrameTokens} tokens"),
            new ChartAxis("rise of perplexity, % (hollow: none or less)", IsLogarithmic: true),
            [.. series]));
    }

    /// <summary>The settings that no other of the family beats in both bytes and perplexity.</summary>
    private static ChartPoint[] Frontier(IEnumerable<CodecMeasurement> family)
    {
        var frontier = new List<ChartPoint>();
        foreach (var mean in family.OrderBy(mean => mean.Link.BytesPerToken))
        {
            if (frontier.Count == 0 || 100 * mean.PerplexityRise < frontier[^1].Y)
                frontier.Add(Point(mean));
        }

        return [.. frontier];
    }

    private static ChartPoint Point(CodecMeasurement mean)
    {
        var (rise, error) = (100 * mean.PerplexityRise, 100 * (mean.PerplexityRiseError ?? 0));
        return new ChartPoint(mean.Link.BytesPerToken, rise, $"{mean.Codec}: {mean.Link.BytesPerToken:F1} bytes, {rise:F3} ± {error:F3} %", error);
    }
}
