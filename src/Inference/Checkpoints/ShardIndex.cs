using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// <c>model.safetensors.index.json</c>: its <c>weight_map</c> names, for each tensor, the file of the folder that holds it.
/// </summary>
internal sealed record ShardIndex(IReadOnlyDictionary<string, string> WeightMap)
{
    public const string FileName = "model.safetensors.index.json";

    /// <exception cref="UserErrorException">Not such a file, or it names a file outside of the folder.</exception>
    public static ShardIndex Read(JsonField index)
    {
        var weightMap = index.Field("weight_map");
        var files = new Dictionary<string, string>(weightMap.Count, StringComparer.Ordinal);
        foreach (var (tensor, field) in weightMap.PlainEntries())
        {
            var file = field.Text();
            if (!IsPlainFileName(file))
                throw field.Error("the name of a .safetensors file in this folder", $"'{ShownText.Of(file)}'");

            files.Add(tensor, file);
        }

        return files.Count > 0 ? new ShardIndex(files) : throw weightMap.Error("at least one tensor");
    }

    /// <summary>No folders, no drive, no "..": an index from the network must not make us read elsewhere.</summary>
    private static bool IsPlainFileName(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name.IndexOfAny(['/', '\\', ':']) < 0
        && !name.Any(char.IsControl);
}
