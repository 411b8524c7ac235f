using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors model DIR</c>: what a checkpoint is, and what each split of it needs.</summary>
internal static class ModelCommand
{
    private static readonly Argument<string?> Folder = new("dir")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Hugging Face folder. Default: the embedded model, Quill.",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Prints one JSON object." };

    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static Command Create()
    {
        var command = new Command(
            "model",
            """
            Prints a checkpoint's layers, sizes and memory at 16, 8 and 4 bits, for every split. Reads headers only.

            Example: splitactors model ~/models/Llama-3.2-1B
            """)
        {
            Folder, Json,
        };
        command.SetAction(parsed =>
        {
            using var checkpoint = Checkpoint.Open(parsed.GetValue(Folder) ?? EmbeddedModel.Folder);
            var summary = CheckpointSummary.Of(checkpoint);
            if (parsed.GetValue(Json))
                Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(checkpoint.Folder, summary), JsonOptions));
            else
                Print(checkpoint.Folder, summary);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(string folder, CheckpointSummary summary)
    {
        var config = summary.Config;
        var facts = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        facts.Columns[0].NoWrap().PadRight(2);
        void Fact(string name, string value) => facts.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), new Text(value));
        Fact("folder", folder);
        Fact("digest", summary.Digest.Short);
        Fact("layers", $"{config.LayerCount}, hidden size {config.HiddenSize}, feed-forward {config.IntermediateSize}");
        Fact("attention", $"{config.HeadCount} heads of {config.HeadDim}, {config.KvHeadCount} KV heads, rope θ {config.RopeTheta:G}");
        Fact("vocabulary", $"{config.VocabularySize}{(config.TieWordEmbeddings ? ", embedding and head are one matrix" : "")}");
        Fact("context", $"{config.ContextLength} tokens");
        Fact("parameters", $"{summary.Parameters.Total:N0} (embedding {summary.Parameters.Embedding:N0}, each layer {summary.Parameters.PerLayer:N0}, head {summary.Parameters.Head:N0})");
        Fact("files", $"{Size(summary.FileBytes)}: {string.Join(", ", summary.Types.Select(type => $"{type.TensorCount} tensors {type.Type}"))}");
        AnsiConsole.Write(facts);
        AnsiConsole.WriteLine();

        var splits = new Table().Border(TableBorder.Simple);
        string[] headers = ["ℓ", "device 16-bit", "8-bit", "4-bit", "KV/token", "worker 16-bit", "8-bit", "4-bit", "KV/token"];
        foreach (var header in headers)
            splits.AddColumn(new TableColumn(new Text(header)).RightAligned());
        foreach (var split in summary.Splits)
        {
            splits.AddRow(
                $"{split.SplitLayer}",
                Size(split.Front.At16Bits), Size(split.Front.At8Bits), Size(split.Front.At4Bits), Size(split.FrontKvBytesPerToken),
                Size(split.Back.At16Bits), Size(split.Back.At8Bits), Size(split.Back.At4Bits), Size(split.BackKvBytesPerToken));
        }

        AnsiConsole.Write(splits);
    }

    private static object ToJson(string folder, CheckpointSummary summary) => new
    {
        Folder = folder,
        Digest = summary.Digest.Hex,
        summary.Config,
        summary.Parameters,
        summary.FileBytes,
        Types = summary.Types.Select(type => new { Type = $"{type.Type}", type.TensorCount, type.ElementCount, type.ByteCount }),
        summary.Splits,
    };

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):F2} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):F2} MiB",
        >= 1L << 10 => $"{bytes / (double)(1L << 10):F1} KiB",
        _ => $"{bytes} B",
    };
}
