using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
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

    private static readonly Option<bool> Verify = new("--verify") { Description = "Compares the SHA-256 of every file that the folder's SHA256SUMS lists." };

    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static Command Create()
    {
        var command = new Command(
            "model",
            """
            Prints a checkpoint's layers, sizes and memory as stored and at 8 and 4 bits, for every split; of an OPSC package, what its front and back hold. Reads headers only, unless --verify is given.
            Refuses what `run` would refuse.

            Example: splitactors model ~/models/some-llama
            """)
        {
            Folder, Json, Verify,
        };
        command.SetAction(parsed => Run(parsed.GetValue(Folder) ?? EmbeddedModel.Folder, parsed.GetValue(Verify), parsed.GetValue(Json)));
        return command;
    }

    private static int Run(string folder, bool verifies, bool isJson)
    {
        using var interruption = new Interruption();
        using var line = new LoadingLine(isEnabled: !isJson, interruption.Token);
        try
        {
            // A package that was made to measure with has no tokenizer: it can be looked at all the same.
            var hasTokenizer = File.Exists(Path.Combine(folder, ModelFolder.TokenizerFileName));
            using var checkpoint = hasTokenizer ? ModelFolder.OpenRunnable(folder, line).Checkpoint : ModelFolder.Open(folder, line);
            ModelCalibration.TryOpen(checkpoint);
            var summary = CheckpointSummary.Of(checkpoint);
            int? verifiedCount = verifies ? VerifyFiles(checkpoint, line) : null;
            if (isJson)
                Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(checkpoint.Folder, summary, hasTokenizer, verifiedCount), JsonOptions));
            else
                Print(checkpoint.Folder, summary, hasTokenizer, verifiedCount);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    /// <returns>How many files.</returns>
    /// <exception cref="UserErrorException">There is no list of checksums, or a file is missing or damaged.</exception>
    private static int VerifyFiles(Checkpoint checkpoint, LoadingLine line)
    {
        var checksums = checkpoint.Checksums ?? throw new UserErrorException(
            UserErrorKind.Checkpoint, Path.Combine(checkpoint.Folder, ChecksumFile.FileName), "the SHA-256 of the files, to verify them", "no such file",
            "Get it from where the model is, or leave --verify out.");
        return checksums.VerifyAll(line);
    }

    private static void Print(string folder, CheckpointSummary summary, bool hasTokenizer, int? verifiedCount)
    {
        Terminal.Output.WriteFacts([.. Facts(folder, summary, hasTokenizer, verifiedCount)]);
        Console.Out.WriteLine();
        Terminal.Output.Write(summary.Parts.IsEmpty ? Splits(summary) : Parts(summary));
    }

    private static IEnumerable<(string Name, string Value)> Facts(string folder, CheckpointSummary summary, bool hasTokenizer, int? verifiedCount)
    {
        var config = summary.Config;
        var parameters = summary.Parameters;
        yield return ("folder", folder);
        yield return ("digest", summary.Digest.Short);
        yield return ("layers", $"{config.LayerCount}, hidden size {config.HiddenSize}, feed-forward {config.IntermediateSize}");
        yield return ("attention", $"{config.HeadCount} heads of {config.HeadDim}, {config.KvHeadCount} KV heads, rope θ {config.RopeTheta:G}");
        yield return ("vocabulary", $"{config.VocabularySize}{(config.TieWordEmbeddings ? ", embedding and head are one matrix" : "")}");
        yield return ("context", $"{config.ContextLength} tokens");
        yield return ("parameters", $"{parameters.Total:N0} (embedding {parameters.Embedding:N0}, each layer {parameters.PerLayer:N0}, head {parameters.Head:N0})");
        yield return ("files", $"{Mebibytes(summary.FileBytes)} MiB: {string.Join(", ", summary.Types.Select(type => Share(type, summary)))}");
        if (!hasTokenizer)
            yield return ("tokenizer", $"none: `run` refuses a model without {ModelFolder.TokenizerFileName}");
        if (verifiedCount is { } count)
            yield return ("verified", $"{count} files have the SHA-256 that {ChecksumFile.FileName} lists");
    }

    /// <summary>Files that mix types say how much is of each.</summary>
    private static string Share(TypeShare type, CheckpointSummary summary)
    {
        var share = summary.Types.Length > 1 ? $", {(double)type.ByteCount / summary.Types.Sum(other => other.ByteCount):P0} of the bytes" : "";
        return $"{type.TensorCount} tensors {type.Type}{share}";
    }

    private static Table Splits(CheckpointSummary summary)
    {
        var table = new Table().Border(TableBorder.Simple).Title("Weights in MiB by weight bits, KV cache in KiB per token at 16 bits");
        var stored = summary.Weights is "BF16" or "F16" ? "16" : summary.Weights;
        string[] headers = ["ℓ", $"device {stored}", "8", "4", "KV", $"worker {stored}", "8", "4", "KV"];
        foreach (var header in headers)
            table.AddColumn(new TableColumn(new Text(header)).RightAligned().NoWrap());
        foreach (var split in summary.Splits)
        {
            table.AddRow(
                $"{split.SplitLayer}",
                Mebibytes(split.Front.At16Bits), Mebibytes(split.Front.At8Bits), Mebibytes(split.Front.At4Bits), Kibibytes(split.FrontKvBytesPerToken),
                Mebibytes(split.Back.At16Bits), Mebibytes(split.Back.At8Bits), Mebibytes(split.Back.At4Bits), Kibibytes(split.BackKvBytesPerToken));
        }

        return table;
    }

    private static Table Parts(CheckpointSummary summary)
    {
        var table = new Table().Border(TableBorder.Simple).Title("Weights in MiB, KV cache in KiB per token at 16 bits");
        foreach (var header in new[] { "part", "layers", "weights", "MiB", "KV", "file" })
            table.AddColumn(new TableColumn(new Text(header)).NoWrap());
        foreach (var part in summary.Parts)
            table.AddRow(part.Name, $"{part.LayerCount}", part.Weights, Mebibytes(part.WeightBytes), Kibibytes(part.KvBytesPerToken), part.FileName);
        return table;
    }

    /// <summary>A part of an OPSC package.</summary>
    public static object ToJson(PackagePart part) => new
    {
        part.Name,
        part.FileName,
        part.Format.Bits,
        part.Weights,
        GroupSize = part.Format.IsQuantized ? part.Format.GroupSize : (int?)null,
        part.LayerCount,
        part.WeightBytes,
        part.KvBytesPerToken,
    };

    private static object ToJson(string folder, CheckpointSummary summary, bool hasTokenizer, int? verifiedCount) => new
    {
        Folder = folder,
        Digest = summary.Digest.Hex,
        summary.Config,
        summary.Parameters,
        summary.FileBytes,
        summary.Weights,
        HasTokenizer = hasTokenizer,
        VerifiedFileCount = verifiedCount,
        Types = summary.Types.Select(type => new { type.Type, type.TensorCount, type.ElementCount, type.ByteCount }),
        summary.Splits,
        Parts = summary.Parts.Select(ToJson),
    };

    private static string Mebibytes(long bytes) => $"{bytes / (double)(1 << 20):F2}";

    private static string Kibibytes(long bytes) => $"{bytes / (double)(1 << 10):F1}";
}
