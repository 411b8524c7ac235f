namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// <c>model.safetensors.index.json</c>: its <c>weight_map</c> names, for each tensor, the file of the folder that holds it.
/// </summary>
internal sealed record ShardIndex(IReadOnlyDictionary<string, string> WeightMap)
{
    public const string FileName = "model.safetensors.index.json";
    public const int FileBytesMax = SafetensorsHeader.HeaderBytesMax;

    /// <exception cref="UserErrorException">Not such a file, or it names a file outside of the folder.</exception>
    public static ShardIndex Parse(string path, ReadOnlySpan<byte> utf8)
    {
        var root = JsonFields.Parse(path, utf8);
        if (root.Object("weight_map") is not { } weightMap)
            throw root.Wrong("weight_map", "an object that names the file of each tensor");

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (tensor, value) in weightMap.Entries())
        {
            var field = $"'{CheckpointError.Shown(tensor)}'";
            var file = weightMap.TextOf(field, value);
            if (!IsPlainFileName(file))
            {
                throw CheckpointError.At(
                    $"{weightMap.Place}, {field}", "the name of a .safetensors file in this folder", $"'{CheckpointError.Shown(file)}'");
            }

            files.Add(tensor, file);
        }

        return files.Count > 0 ? new ShardIndex(files) : throw root.Wrong("weight_map", "at least one tensor");
    }

    /// <summary>No folders, no drive, no "..": an index from the network must not make us read elsewhere.</summary>
    private static bool IsPlainFileName(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name.IndexOfAny(['/', '\\', ':']) < 0
        && !name.Any(char.IsControl);
}
