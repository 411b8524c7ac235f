using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors codec measure --synthetic</c> prints.</summary>
internal sealed class CodecStateReport(HeavyTailedState state, int tokenCount, IReadOnlyList<StateMeasurement> measurements)
{
    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public void Print(Terminal output)
    {
        output.WriteFacts(
        [
            ("states", $"{tokenCount:N0} tokens of {state.Width:N0} values: 99 % below 1, 5 in a million above 100"),
            ("error", "RMS of the difference, over the RMS of the state"),
            ("clean", "the same over the values below 1 alone: the state without its outliers"),
            ("largest", "the largest difference of any value"),
        ]);
        var table = new Table().Border(TableBorder.Simple).Title($"Frames of {MeasuredLink.FrameTokens} tokens, and of one token alone");
        string[] headers = ["codec", "bits", "B/token", "ratio", "B alone", "error %", "clean %", "largest", "enc µs", "dec µs", "enc alone", "dec alone"];
        foreach (var header in headers)
            table.AddColumn(CodecColumn.Of(header));
        foreach (var measurement in measurements)
        {
            var link = measurement.Link;
            table.AddRow(
                measurement.Codec, $"{link.BitsPerValue:F3}", $"{link.BytesPerToken:F1}", $"{link.Ratio:F2}", $"{link.BytesPerTokenAlone:F1}",
                $"{100 * measurement.Error:F2}", $"{100 * measurement.CleanError:F2}", $"{measurement.LargestError:G3}",
                $"{link.EncodeUs:F1}", $"{link.DecodeUs:F1}", $"{link.TokenEncodeUs:F1}", $"{link.TokenDecodeUs:F1}");
        }

        output.Write(table);
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            State = "heavy-tailed",
            state.Width,
            state.Seed,
            TokenCount = tokenCount,
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
                measurement.Error,
                measurement.CleanError,
                measurement.LargestError,
                measurement.Link.EncodeUs,
                measurement.Link.DecodeUs,
                measurement.Link.TokenEncodeUs,
                measurement.Link.TokenDecodeUs,
            }),
        },
        JsonOptions);
}
