using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors codec measure</c> prints of a model.</summary>
internal sealed class CodecMeasureReport
{
    private const double GoodRise = 0.01; // one percent: what the codecs' best settings are compared at

    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly string _model;
    private readonly Perplexity _uncompressed;
    private readonly IReadOnlyList<CodecMeasurement> _measurements;

    public CodecMeasureReport(string model, Perplexity uncompressed, IReadOnlyList<CodecMeasurement> measurements)
    {
        (_model, _uncompressed, _measurements) = (model, uncompressed, measurements);
        Means = [.. measurements.GroupBy(measurement => measurement.Codec, StringComparer.Ordinal).Select(splits => CodecMeasurement.Mean([.. splits]))];
        Splits = [.. measurements.Select(measurement => measurement.SplitLayer!.Value).Distinct()];
    }

    /// <summary>Of each codec over the splits.</summary>
    public IReadOnlyList<CodecMeasurement> Means { get; }

    public IReadOnlyList<int> Splits { get; }

    public void Print(Terminal output)
    {
        output.WriteFacts([.. Facts()]);
        output.Write(Rows("At each split", _measurements));
        if (Splits.Count > 1)
            output.Write(Rows($"Mean over splits {string.Join(", ", Splits)}", Means));
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Model = _model,
            _uncompressed.TokenCount,
            UncompressedPerplexity = _uncompressed.Value,
            FrameTokens = MeteredTransport.FrameTokens,
            Splits = _measurements.Select(ToJson),
            Means = Means.Select(ToJson),
        },
        JsonOptions);

    private static object ToJson(CodecMeasurement measurement) => new
    {
        measurement.SplitLayer,
        measurement.Codec,
        measurement.Family,
        measurement.Link.BitsPerValue,
        measurement.Link.BytesPerToken,
        measurement.Link.Ratio,
        measurement.Link.BytesPerTokenAlone,
        measurement.Link.RatioAlone,
        measurement.PerplexityRise,
        measurement.PerplexityRiseError,
        measurement.FlipShare,
        measurement.Link.EncodeUs,
        measurement.Link.DecodeUs,
        measurement.Link.TokenEncodeUs,
        measurement.Link.TokenDecodeUs,
    };

    private IEnumerable<(string Name, string Value)> Facts()
    {
        yield return ("model", _model);
        yield return ("text", $"{_uncompressed.TokenCount:N0} tokens, perplexity {_uncompressed.Value:F3} without compression");
        foreach (var family in Means.GroupBy(mean => mean.Family, StringComparer.Ordinal).Where(family => family.Count() > 1))
        {
            var best = family.Where(mean => mean.PerplexityRise <= GoodRise).MinBy(mean => mean.Link.BytesPerToken);
            yield return ($"best {family.Key}", best is null
                ? $"no setting stays within {GoodRise:P0} on average over the splits"
                : $"{best.Codec}: {best.Link.Ratio:F2} times smaller than fp16 at {best.PerplexityRise:P2}, the smallest within {GoodRise:P0} on average over the splits");
        }
    }

    private static Table Rows(string title, IReadOnlyList<CodecMeasurement> measurements)
    {
        var table = new Table().Border(TableBorder.Simple).Title($"{title}: frames of {MeteredTransport.FrameTokens} tokens, and of one token alone");
        string[] headers = ["ℓ", "codec", "bits", "B/token", "ratio", "B alone", "rise %", "± %", "flips %", "enc µs", "dec µs", "enc alone", "dec alone"];
        foreach (var header in headers)
            table.AddColumn(CodecColumn.Of(header));
        foreach (var measurement in measurements)
        {
            var link = measurement.Link;
            table.AddRow(
                measurement.SplitLayer is { } split ? $"{split}" : "all", measurement.Codec,
                $"{link.BitsPerValue:F3}", $"{link.BytesPerToken:F1}", $"{link.Ratio:F2}", $"{link.BytesPerTokenAlone:F1}",
                $"{100 * measurement.PerplexityRise:F3}", measurement.PerplexityRiseError is { } error ? $"{100 * error:F3}" : "–", $"{100 * measurement.FlipShare:F2}",
                $"{link.EncodeUs:F2}", $"{link.DecodeUs:F2}", $"{link.TokenEncodeUs:F2}", $"{link.TokenDecodeUs:F2}");
        }

        return table;
    }
}
