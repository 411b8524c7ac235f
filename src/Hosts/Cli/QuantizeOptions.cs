using System.CommandLine;
using SplitActors.Inference;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors quantize</c>.</summary>
internal static class QuantizeSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder of the model. Default: the embedded model, Quill.");
    public static readonly Setting Out = Setting.Value("out", "DIR", "Folder to write, new or empty. Required.");
    public static readonly Setting Split = Setting.Value("split", "ℓ|auto", "Layers in the front, of the model's L. Default: auto, which is half of them.");
    public static readonly Setting FrontBits = Setting.Value("front-bits", "2|3|4|8|16", "Bits per weight of the front; 16 keeps the weights as they are. Default: 4.");
    public static readonly Setting BackBits = Setting.Value("back-bits", "2|3|4|8|16", "Bits per weight of the back. Default: 16.");
    public static readonly Setting GroupSize = Setting.Value("group-size", "32|64|128", "Weights of a row that share one fp16 scale. Default: 32.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> All = [Model, Out, Split, FrontBits, BackBits, GroupSize, Json];
}

/// <summary>What <c>splitactors quantize</c> is asked to do.</summary>
/// <param name="SplitLayer">Null: auto.</param>
/// <param name="SplitPlace">Where the split layer was given, for messages.</param>
internal sealed record QuantizeOptions(
    string Model, string Out, int? SplitLayer, string SplitPlace, WeightFormat Front, WeightFormat Back, bool Json)
{
    /// <exception cref="UserErrorException">A value is malformed or out of its range, or there is no folder to write.</exception>
    public static QuantizeOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var folder = settings.Text(QuantizeSettings.Out)
            ?? throw new UserErrorException(UserErrorKind.Options, "--out", "a folder to write", "nothing", "Run `splitactors quantize --help`.");
        var groupSize = settings.OneOf(QuantizeSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        return new QuantizeOptions(
            settings.Text(QuantizeSettings.Model) ?? EmbeddedModel.Folder,
            folder,
            settings.LayersOrAuto(QuantizeSettings.Split),
            settings.PlaceOf(QuantizeSettings.Split),
            WeightFormat.Of(settings.OneOf(QuantizeSettings.FrontBits, WeightFormat.SupportedBits) ?? 4, groupSize),
            WeightFormat.Of(settings.OneOf(QuantizeSettings.BackBits, WeightFormat.SupportedBits) ?? 16, groupSize),
            settings.IsOn(QuantizeSettings.Json));
    }

    /// <exception cref="UserErrorException">The model has fewer layers.</exception>
    public OpscQuantization For(int layerCount) => SplitLayer > layerCount
        ? throw SettingReader.Wrong(SplitPlace, $"0 to {layerCount} layers, or auto", $"{SplitLayer}")
        : new OpscQuantization(SplitLayer ?? Math.Max(1, layerCount / 2), Front, Back);
}
