using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;
using SplitActors.Inference;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Frames;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors codec inspect</c>: a frame, byte by byte.</summary>
internal static class CodecInspectCommand
{
    private const int BytesShown = 8;

    private static readonly Argument<string> Frame = new("frame") { Description = "File with one frame, as bytes or as hexadecimal digits; - for standard input." };

    private static readonly Option<bool> Json = new("--json") { Description = "Prints one JSON object." };

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        WriteIndented = true,
    };

    public static Command Create()
    {
        var command = new Command(
            "inspect",
            """
            Explains a frame of hidden states, or of keys and values, byte by byte, as docs/wire-format.md defines it. Of a damaged one it shows what comes before the damage.
            `splitactors codec measure --save-frames DIR` writes frames.

            Example: echo A29118 60B1 018A1C04 B84126 9AD4A6D5 C3CD9516 | splitactors codec inspect -

            Exit codes: 0 done, 2 wrong option or damaged frame, 5 output not writable.
            """)
        {
            Frame, Json,
        };
        command.SetAction(parsed => Run(parsed.GetValue(Frame)!, parsed.GetValue(Json)));
        return command;
    }

    private static int Run(string path, bool isJson)
    {
        var bytes = CodecFrameFile.Read(path);
        var explanation = FrameExplanation.Of(bytes);
        if (isJson)
            Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(explanation, bytes), JsonOptions));
        else
            Print(explanation, bytes);
        if (explanation.Fault is { } fault)
        {
            var place = path == "-" ? "Standard input" : path;
            throw new UserErrorException(UserErrorKind.Options, $"{place}, byte {fault.Offset}", fault.Expected, fault.Found, "Compare it with docs/wire-format.md.");
        }

        return ExitCode.Success;
    }

    private static void Print(FrameExplanation explanation, byte[] bytes)
    {
        if (explanation.Summary is { } summary)
        {
            Terminal.Output.WriteFacts(
            [
                ("frame", $"{bytes.Length:N0} bytes: {ContentText(summary)}"),
                ("size", $"{(double)bytes.Length / summary.Rows:F1} bytes per {RowName(summary)}, {8.0 * bytes.Length / summary.ValueCount:F3} bits per value, {2.0 * summary.ValueCount / bytes.Length:F2} times smaller than fp16"),
                ("values", $"{summary.Min:G6} to {summary.Max:G6}, RMS {summary.RootMeanSquare:G6}"),
            ]);
        }

        if (explanation.Fields.Count == 0)
            return;
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("offset").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("size").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("bytes").NoWrap());
        table.AddColumn(new TableColumn("field").NoWrap());
        table.AddColumn(new TableColumn("meaning"));
        foreach (var field in explanation.Fields)
            table.AddRow($"{field.Offset}", $"{field.ByteCount}", Hex(bytes, field), Markup.Escape(field.Name), Markup.Escape(field.Meaning));
        Terminal.Output.Write(table);
    }

    private static string ContentText(FrameSummary summary)
    {
        var rows = $"{summary.Rows:N0} {RowName(summary)}{(summary.Rows == 1 ? "" : "s")}";
        return summary.Content == FrameContent.KeysAndValues ? $"keys and values of {rows}, {summary.Width:N0} at each" : $"{rows} of {summary.Width:N0} values";
    }

    private static string RowName(FrameSummary summary) => summary.Content == FrameContent.KeysAndValues ? "position" : "token";

    private static string Hex(byte[] bytes, FrameField field)
    {
        var shown = Math.Min(field.ByteCount, BytesShown);
        var digits = string.Join(' ', bytes.AsSpan(field.Offset, shown).ToArray().Select(value => $"{value:X2}"));
        return shown < field.ByteCount ? $"{digits} …" : digits;
    }

    private static object ToJson(FrameExplanation explanation, byte[] bytes) => new
    {
        FrameBytes = bytes.Length,
        explanation.Summary,
        Fields = explanation.Fields.Select(field => new
        {
            field.Offset,
            field.ByteCount,
            Hex = Convert.ToHexString(bytes, field.Offset, field.ByteCount),
            field.Name,
            field.Meaning,
        }),
        explanation.Fault,
    };
}
