using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors codec measure --synthetic</c> prints.</summary>
internal sealed class CodecStateReport(HeavyTailedState state, int rowCount, IReadOnlyList<StateMeasurement> measurements)
{
    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public void Print(Terminal output)
    {
        output.WriteFacts(
        [
            ("states", $"{rowCount:N0} tokens of {state.Width:N0} values: 99 % below 1, 5 in a million above 100"),
            ("clean error", "squared error of the values below 1, over their squares"),
            ("outlier error", "the same of the values from 1 on"),
        ]);
        var table = new Table().Border(TableBorder.Simple).Title($"Frames of {MeasuredLink.FrameTokens} tokens, and of one token alone");
        string[] headers = ["codec", "bits", "B/token", "ratio", "B alone", "clean error %", "outlier error %", "enc µs", "dec µs", "enc alone", "dec alone"];
        foreach (var header in headers)
            table.AddColumn(CodecColumn.Of(header));
        foreach (var measurement in measurements)
        {
            var link = measurement.Link;
            table.AddRow(
                measurement.Codec, $"{link.BitsPerValue:F3}", $"{link.BytesPerToken:F1}", $"{link.Ratio:F2}", $"{link.BytesPerTokenAlone:F1}",
                $"{100 * measurement.CleanError:F3}", $"{100 * measurement.OutlierError:F3}",
                $"{link.EncodeUs:F1}", $"{link.DecodeUs:F1}", $"{link.TokenEncodeUs:F1}", $"{link.TokenDecodeUs:F1}");
        }

        output.Write(table);
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            State = "heavy-tailed",
            state.Width,
            Rows = rowCount,
            FrameTokens = MeasuredLink.FrameTokens,
            Codecs = measurements.Select(measurement => new
            {
                measurement.Codec,
                measurement.Family,
                measurement.Link.BitsPerValue,
                measurement.Link.BytesPerToken,
                measurement.Link.Ratio,
                measurement.Link.BytesPerTokenAlone,
                measurement.Link.RatioAlone,
                measurement.CleanError,
                measurement.OutlierError,
                measurement.Link.EncodeUs,
                measurement.Link.DecodeUs,
                measurement.Link.TokenEncodeUs,
                measurement.Link.TokenDecodeUs,
            }),
        },
        JsonOptions);
}
