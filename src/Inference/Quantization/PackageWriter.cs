using System.Text.Json;
using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Quantization;

/// <summary>How much of a package is written, headers not counted.</summary>
public readonly record struct PackageProgress(int TensorsDone, int TensorCount, long BytesDone, long BytesTotal);

/// <summary>Writes what every OPSC package has: the configuration, the tensors of front and back, and their index with checksums.</summary>
internal static class PackageWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="package">Takes the files.</param>
    /// <param name="config">Content of <c>config.json</c>.</param>
    /// <param name="tensors">All of the model.</param>
    /// <param name="progress">Told every megabyte.</param>
    public static void Write(PackageFolder package, JsonNode config, PackageTensor[] tensors, IProgress<PackageProgress>? progress)
    {
        var meter = new ProgressMeter(tensors.Length, tensors.Sum(tensor => tensor.Planned.ByteCount), progress);
        package.Write(Checkpoint.ConfigFileName, JsonSerializer.SerializeToUtf8Bytes(config, Indented));
        var (weightMap, checksums) = (new JsonObject(), new JsonObject());
        foreach (var part in tensors.GroupBy(tensor => tensor.FileName, StringComparer.Ordinal))
        {
            // What is no multiple of 64 bytes comes last, so that all before it is aligned.
            PackageTensor[] ordered = [.. part.OrderBy(tensor => tensor.Planned.ByteCount % SafetensorsHeaderWriter.DataAlignment != 0)];
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
}

/// <summary>Adds up what is written, and tells of it every megabyte.</summary>
internal sealed class ProgressMeter(int tensorCount, long bytesTotal, IProgress<PackageProgress>? progress)
{
    private const int ReportBytes = 1 << 20;

    private int _tensorsDone;
    private long _bytesDone;
    private long _bytesReported;

    public long BytesTotal => bytesTotal;

    public void Advance(int byteCount)
    {
        _bytesDone += byteCount;
        if (_bytesDone - _bytesReported >= ReportBytes)
            Report();
    }

    public void TensorDone()
    {
        _tensorsDone++;
        Report();
    }

    private void Report()
    {
        _bytesReported = _bytesDone;
        progress?.Report(new PackageProgress(_tensorsDone, tensorCount, _bytesDone, bytesTotal));
    }
}
