using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// One-point split compression [2511.04002, eq. 1]: the layers before the split in one format, for the device, the others in another, for
/// the worker. The embedding goes with the first layer, the final norm and the head with the last. It is the <c>quantization_config</c> of a
/// package's <c>config.json</c> (docs/opsc-package.md).
/// </summary>
/// <param name="SplitLayer">ℓ, 0 to L</param>
/// <param name="Front">Q^w₁, of the matrices of layers below ℓ</param>
/// <param name="Back">Q^w₂, of the matrices of the others</param>
public sealed record OpscQuantization(int SplitLayer, WeightFormat Front, WeightFormat Back)
{
    public const string FieldName = "quantization_config";
    public const string Method = "splitactors-opsc";
    public const int Version = 1;

    private const string SourceDigestField = "source_digest";

    /// <summary>Digest of the checkpoint that was quantized, whose calibration fits the package too; null if there was none.</summary>
    public string? SourceDigest { get; init; }

    internal bool IsFront(ModelTensor tensor) => tensor.Layer < SplitLayer;

    internal WeightFormat FormatOf(ModelTensor tensor) =>
        !tensor.IsMatrix ? WeightFormat.Unquantized
        : IsFront(tensor) ? Front
        : Back;

    /// <summary>Null if the field is absent.</summary>
    /// <exception cref="UserErrorException">It is of another method or version, or malformed.</exception>
    internal static OpscQuantization? Read(JsonField field, int layerCount)
    {
        if (field.IsAbsent)
            return null;

        var method = field.Field("quant_method");
        if (method.TextOrNull() != Method)
            throw method.Error($"\"{Method}\"", nextStep: "Other quantizations are not supported: take the unquantized checkpoint, and quantize it with `splitactors quantize`.");

        var version = field.Field("version");
        if (version.Integer(1, int.MaxValue) != Version)
            throw version.Error($"{Version}", nextStep: "Write the package again with `splitactors quantize`, or use the SplitActors that wrote it.");

        return new OpscQuantization(
            field.Field("split_layer").Integer(0, layerCount), ReadFormat(field.Field("front")), ReadFormat(field.Field("back")))
        {
            SourceDigest = field.Field(SourceDigestField).TextOrNull(),
        };
    }

    internal JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["quant_method"] = Method,
            ["version"] = Version,
            ["split_layer"] = SplitLayer,
            ["front"] = ToJson(Front),
            ["back"] = ToJson(Back),
        };
        if (SourceDigest is not null)
            json[SourceDigestField] = SourceDigest;
        return json;
    }

    private static WeightFormat ReadFormat(JsonField field)
    {
        var bits = ReadOneOf(field.Field("bits"), WeightFormat.SupportedBits);
        return bits < 16 ? new WeightFormat(bits, ReadOneOf(field.Field("group_size"), WeightFormat.SupportedGroupSizes)) : WeightFormat.Unquantized;
    }

    private static int ReadOneOf(JsonField field, ReadOnlySpan<int> supported)
    {
        var value = field.Integer(0, int.MaxValue);
        return supported.Contains(value) ? value : throw field.Error($"one of {string.Join(", ", supported.ToArray())}");
    }

    private static JsonObject ToJson(WeightFormat format) => format.IsQuantized
        ? new() { ["bits"] = format.Bits, ["group_size"] = format.GroupSize }
        : new() { ["bits"] = format.Bits };
}
