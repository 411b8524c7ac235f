using System.Globalization;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// <c>model.safetensors.index.json</c>: its <c>weight_map</c> names, for each tensor, the file of the folder that holds it. That of an OPSC
/// package also has their checksums (docs/opsc-package.md).
/// </summary>
/// <param name="WeightMap">File of each tensor.</param>
/// <param name="Crc32C">Of each tensor's data; null where the index has none.</param>
internal sealed record ShardIndex(IReadOnlyDictionary<string, string> WeightMap, IReadOnlyDictionary<string, uint>? Crc32C)
{
    public const string FileName = "model.safetensors.index.json";
    public const string MetadataField = "metadata";
    public const string WeightMapField = "weight_map";
    public const string Crc32CField = "crc32c";

    /// <exception cref="UserErrorException">Not such a file, or it names a file outside of the folder.</exception>
    public static ShardIndex Read(JsonField index)
    {
        var weightMap = index.Field(WeightMapField);
        var files = new Dictionary<string, string>(weightMap.Count, StringComparer.Ordinal);
        foreach (var (tensor, field) in weightMap.PlainEntries())
        {
            var file = field.Text();
            if (!IsPlainFileName(file))
                throw field.Error("the name of a .safetensors file in this folder", $"'{ShownText.Of(file)}'");

            files.Add(tensor, file);
        }

        return files.Count > 0 ? new ShardIndex(files, ReadCrc32C(index.Field(MetadataField), files.Keys)) : throw weightMap.Error("at least one tensor");
    }

    /// <summary>As the index has it: eight hexadecimal digits.</summary>
    public static string ToText(uint crc32C) => crc32C.ToString("x8", CultureInfo.InvariantCulture);

    private static Dictionary<string, uint>? ReadCrc32C(JsonField metadata, IEnumerable<string> tensors)
    {
        if (metadata.IsAbsent || metadata.Field(Crc32CField) is not { IsAbsent: false } field)
            return null;

        var checksums = new Dictionary<string, uint>(field.Count, StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            var text = field.Field(tensor).Text();
            if (text.Length != 2 * sizeof(uint) || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var checksum))
                throw field.Field(tensor).Error("eight hexadecimal digits");
            checksums.Add(tensor, checksum);
        }

        return checksums;
    }

    /// <summary>No folders, no drive, no "..": an index from the network must not make us read elsewhere.</summary>
    private static bool IsPlainFileName(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name.IndexOfAny(['/', '\\', ':']) < 0
        && !name.Any(char.IsControl);
}
