using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// Writes an OPSC package of weights without meaning, to measure with: it loads and runs like one of a model, and holds no text's probability. There
/// is no tokenizer.
/// </summary>
public static class SyntheticPackage
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// Writes one row or tile at a time, the very weights of <see cref="Models.Segment.Synthesize"/> for the whole model. The folder is complete or not
    /// there.
    /// </summary>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="quantization">Split and formats.</param>
    /// <param name="folder">New or empty.</param>
    /// <param name="progress">Told every megabyte; an exception of its ends the writing.</param>
    /// <exception cref="UserErrorException">The folder is not empty or cannot be written.</exception>
    public static void Write(ModelConfig config, OpscQuantization quantization, string folder, IProgress<PackageProgress>? progress = null)
    {
        try
        {
            using var package = new PackageFolder(folder);
            WriteFiles(ConfigFor(config, quantization.SplitLayer), quantization, package, progress);
            package.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                UserErrorKind.Output, folder, "a place to write to", e.Message.TrimEnd('.'), "Free some space, or write elsewhere.", e);
        }
    }

    /// <summary>What a package for this split states: embedding and head are separate matrices where both parts need them.</summary>
    public static ModelConfig ConfigFor(ModelConfig config, int splitLayer) =>
        config with { TieWordEmbeddings = config.TieWordEmbeddings && (splitLayer == 0 || splitLayer == config.LayerCount) };

    private static void WriteFiles(ModelConfig config, OpscQuantization quantization, PackageFolder package, IProgress<PackageProgress>? progress)
    {
        var matrixCount = 0UL;
        SyntheticPackageTensor[] tensors =
        [
            .. ModelTensors.Of(config).Select(tensor => new SyntheticPackageTensor(tensor, quantization, SyntheticBytes.SeedOf(tensor.IsMatrix ? matrixCount++ : 0))),
        ];
        var meter = new ProgressMeter(tensors.Length, tensors.Sum(tensor => tensor.Planned.ByteCount), progress);
        var (weightMap, checksums) = (new JsonObject(), new JsonObject());
        package.Write(Checkpoint.ConfigFileName, JsonSerializer.SerializeToUtf8Bytes(ToJson(config, quantization), Indented));
        foreach (var part in tensors.GroupBy(tensor => tensor.FileName, StringComparer.Ordinal))
        {
            SyntheticPackageTensor[] ordered = [.. part.OrderBy(tensor => tensor.Planned.ByteCount % SafetensorsHeaderWriter.DataAlignment != 0)];
            package.Write(part.Key, file =>
            {
                file.Write(SafetensorsHeaderWriter.ToBytes(ordered.Select(tensor => tensor.Planned), ("format", OpscQuantization.Method)));
                foreach (var tensor in ordered)
                    tensor.Write(file, meter);
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

    private static JsonObject ToJson(ModelConfig config, OpscQuantization quantization) => new()
    {
        ["architectures"] = new JsonArray(ModelConfig.Architecture),
        ["model_type"] = "llama",
        ["hidden_size"] = config.HiddenSize,
        ["intermediate_size"] = config.IntermediateSize,
        ["num_hidden_layers"] = config.LayerCount,
        ["num_attention_heads"] = config.HeadCount,
        ["num_key_value_heads"] = config.KvHeadCount,
        ["head_dim"] = config.HeadDim,
        ["vocab_size"] = config.VocabularySize,
        ["max_position_embeddings"] = config.ContextLength,
        ["rms_norm_eps"] = config.RmsNormEps,
        ["rope_theta"] = config.RopeTheta,
        ["hidden_act"] = "silu",
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["torch_dtype"] = "bfloat16",
        [OpscQuantization.FieldName] = quantization.ToJson(),
    };
}

/// <summary>A made-up tensor of a package.</summary>
internal sealed class SyntheticPackageTensor
{
    private readonly ModelTensor _tensor;
    private readonly TileLayout? _layout;
    private readonly ulong _seed;

    /// <param name="tensor">Name and shape.</param>
    /// <param name="quantization">Gives format and file.</param>
    /// <param name="seed">This and the following ones, one for each row or tile.</param>
    public SyntheticPackageTensor(ModelTensor tensor, OpscQuantization quantization, ulong seed)
    {
        (_tensor, _seed) = (tensor, seed);
        FileName = quantization.IsFront(tensor) ? OpscPackage.FrontFileName : OpscPackage.BackFileName;
        var format = quantization.FormatOf(tensor);
        if (format.IsQuantized)
        {
            var layout = new TileLayout(tensor.RowCount, tensor.ColumnCount, format);
            _layout = layout;
            Planned = new PlannedTensor(tensor.Name, TensorType.U8, [layout.TileCount, checked((int)layout.TileBytes)], layout.ByteCount);
            return;
        }

        int[] shape = tensor.IsMatrix ? [tensor.RowCount, tensor.ColumnCount] : [tensor.RowCount];
        Planned = new PlannedTensor(tensor.Name, TensorType.BF16, shape, shape.Aggregate((long)sizeof(ushort), (bytes, size) => bytes * size));
    }

    public PlannedTensor Planned { get; }

    /// <summary>The file of the package that it belongs to.</summary>
    public string FileName { get; }

    /// <summary>Of all bytes that are written so far.</summary>
    public uint Checksum { get; private set; }

    public void Write(PackageFile file, ProgressMeter meter)
    {
        if (_layout is { } layout)
            WriteTiles(layout, file, meter);
        else
            WriteRows(file, meter);
        meter.TensorDone();
    }

    private void WriteTiles(TileLayout layout, PackageFile file, ProgressMeter meter)
    {
        var tile = new byte[layout.TileBytes];
        for (var i = 0; i < layout.TileCount; i++)
        {
            SyntheticTile.Fill(tile, layout, _seed + (ulong)i);
            Append(tile, file, meter);
        }
    }

    /// <summary>A norm's weights are 1.</summary>
    private void WriteRows(PackageFile file, ProgressMeter meter)
    {
        var row = new ushort[_tensor.IsMatrix ? _tensor.ColumnCount : _tensor.RowCount];
        row.AsSpan().Fill(SyntheticRow.ToBFloat16(1f));
        var bytes = MemoryMarshal.AsBytes(row.AsSpan());
        for (var i = 0; i < (_tensor.IsMatrix ? _tensor.RowCount : 1); i++)
        {
            if (_tensor.IsMatrix)
                SyntheticRow.Fill(row, _seed + (ulong)i);
            Append(bytes, file, meter);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes, PackageFile file, ProgressMeter meter)
    {
        file.Write(bytes);
        Checksum = Crc32C.Compute(bytes, Checksum);
        meter.Advance(bytes.Length);
    }
}
