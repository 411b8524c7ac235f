using System.Text.Json;
using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

/// <summary>How much of a package is written, headers not counted.</summary>
public readonly record struct PackageProgress(int TensorsDone, int TensorCount, long BytesDone, long BytesTotal);

/// <summary>
/// Writes an OPSC package: a Hugging Face folder whose front and back are separate safetensors files, in the bytes that the kernels read
/// (docs/opsc-package.md).
/// </summary>
public static class OpscPackage
{
    public const string FrontFileName = "model-front.safetensors";
    public const string BackFileName = "model-back.safetensors";

    /// <summary>Copied where the source has them.</summary>
    private static readonly string[] SmallFiles =
    [
        Checkpoint.GenerationConfigFileName, "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
        "LICENSE", "LICENSE.txt", "NOTICE",
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Quantizes a checkpoint, holding a few megabytes at a time. The folder is complete or not there, and has the same bytes with any threads.</summary>
    /// <param name="source">Of stored weights.</param>
    /// <param name="quantization">Split and formats.</param>
    /// <param name="folder">New or empty.</param>
    /// <param name="progress">Told every few megabytes; an exception of its ends the writing.</param>
    /// <param name="threads">Null for the calling thread alone.</param>
    /// <exception cref="UserErrorException">The source is damaged or a package itself, or the folder is not empty or cannot be written.</exception>
    public static void Write(Checkpoint source, OpscQuantization quantization, string folder, IProgress<PackageProgress>? progress = null, ComputeThreads? threads = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quantization.SplitLayer, nameof(quantization));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quantization.SplitLayer, source.Config.LayerCount, nameof(quantization));
        if (source.Quantization is { } done)
        {
            throw CheckpointError.At(
                source.Folder, "a checkpoint of stored weights", $"a package of {done.Front} and {done.Back}", "Name the checkpoint that it was made of.");
        }

        try
        {
            using var package = new PackageFolder(folder);
            WriteFiles(source, quantization, package, progress, threads ?? ComputeThreads.Single);
            package.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                UserErrorKind.Output, folder, "a place to write to", e.Message.TrimEnd('.'), "Free some space, or write elsewhere.", e);
        }
    }

    private static void WriteFiles(
        Checkpoint source, OpscQuantization quantization, PackageFolder package, IProgress<PackageProgress>? progress, ComputeThreads threads)
    {
        var config = PackageConfig(source, quantization, out var json);
        PackageTensor[] tensors = [.. ModelTensors.Of(config).Select(tensor => PackageTensor.Plan(source, tensor, quantization))];
        var meter = new ProgressMeter(tensors.Length, tensors.Sum(tensor => tensor.ByteCount), progress);

        package.Write(Checkpoint.ConfigFileName, JsonSerializer.SerializeToUtf8Bytes(json, Indented));
        foreach (var file in SmallFiles.Where(file => File.Exists(Path.Combine(source.Folder, file))))
            package.Write(file, source.ReadAllBytes(file));
        var (weightMap, checksums) = (new JsonObject(), new JsonObject());
        foreach (var part in tensors.GroupBy(tensor => tensor.FileName, StringComparer.Ordinal))
        {
            // What is no multiple of 64 bytes comes last, so that all before it is aligned.
            PackageTensor[] ordered = [.. part.OrderBy(tensor => tensor.ByteCount % SafetensorsHeaderWriter.DataAlignment != 0)];
            package.Write(part.Key, file =>
            {
                file.Write(SafetensorsHeaderWriter.ToBytes(ordered.Select(tensor => tensor.Planned), ("format", OpscQuantization.Method)));
                foreach (var tensor in ordered)
                    tensor.Write(file, meter, threads);
            });
            foreach (var tensor in ordered)
            {
                weightMap[tensor.Planned.Name] = part.Key;
                checksums[tensor.Planned.Name] = ShardIndex.ToText(tensor.Checksum);
            }
        }

        var metadata = new JsonObject { ["total_size"] = meter.BytesTotal, [ShardIndex.Crc32CField] = checksums };
        var index = new JsonObject { [ShardIndex.MetadataField] = metadata, [ShardIndex.WeightMapField] = weightMap };
        package.Write(ShardIndex.FileName, JsonSerializer.SerializeToUtf8Bytes(index, Indented));
    }

    /// <summary>
    /// The source's configuration. Where both parts need the one matrix of embedding and head, each has it in its own format: the model is
    /// no longer tied.
    /// </summary>
    private static ModelConfig PackageConfig(Checkpoint source, OpscQuantization quantization, out JsonNode json)
    {
        json = JsonNode.Parse(source.ReadAllBytes(Checkpoint.ConfigFileName))!;
        json[OpscQuantization.FieldName] = quantization.ToJson();
        if (!source.Config.TieWordEmbeddings || quantization.SplitLayer == 0 || quantization.SplitLayer == source.Config.LayerCount)
            return source.Config;

        json["tie_word_embeddings"] = false;
        return source.Config with { TieWordEmbeddings = false };
    }
}
