using System.Text.Json.Nodes;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Quantization;

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

        PackageFolder.Create(folder, package =>
        {
            var config = PackageConfig(source, quantization, out var json);
            PackageTensor[] tensors = [.. ModelTensors.Of(config).Select(tensor => StoredPackageTensor.Plan(source, tensor, quantization, threads ?? ComputeThreads.Single))];
            foreach (var file in SmallFiles.Where(file => File.Exists(Path.Combine(source.Folder, file))))
                package.Write(file, source.ReadAllBytes(file));
            var calibration = Path.Combine(source.Folder, ModelCalibration.FileName);
            if (File.Exists(calibration))
                package.Copy(ModelCalibration.FileName, calibration);
            PackageWriter.Write(package, json, tensors, progress);
        });
    }

    /// <summary>
    /// The source's configuration. Where both parts need the one matrix of embedding and head, each has it in its own format: the model is
    /// no longer tied.
    /// </summary>
    private static ModelConfig PackageConfig(Checkpoint source, OpscQuantization quantization, out JsonNode json)
    {
        json = JsonNode.Parse(ByteOrderMark.Skip(source.ReadAllBytes(Checkpoint.ConfigFileName)).Span)!;
        json[OpscQuantization.FieldName] = (quantization with { SourceDigest = ModelDigest.Of(source).Hex }).ToJson();
        if (!source.Config.TieWordEmbeddings || quantization.SplitLayer == 0 || quantization.SplitLayer == source.Config.LayerCount)
            return source.Config;

        json["tie_word_embeddings"] = false;
        return source.Config with { TieWordEmbeddings = false };
    }
}
