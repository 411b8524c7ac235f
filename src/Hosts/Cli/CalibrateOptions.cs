using System.CommandLine;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors calibrate</c>.</summary>
internal static class CalibrateSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder of the model. Default: the embedded model, Quill.");
    public static readonly Setting Text = Setting.Value("text", "FILE", "UTF-8 text like what the model will be used for. Required.");
    public static readonly Setting Split = Setting.Value("split", "all|ℓ,…", "Splits to calibrate, as layers in the front, such as 1,4 or 2-5. Default: all.");

    public static readonly Setting Tokens = Setting.Value(
        "tokens", "N", "Most tokens of the text that are used. Default: 100000, or with --klt or --prediction 20 per column of the states if more.");

    public static readonly Setting Out = Setting.Value(
        "out", "FILE", $"File to write; its other splits stay. Default: {ModelCalibration.FileName} in the folder of --model; required without --model.");
    public static readonly Setting Klt = Setting.Flag("klt", "Stores eigenvectors of the hidden states too: 2·d² bytes a split, and d² multiplications a token at both ends.");
    public static readonly Setting Prediction = Setting.Flag("prediction", "Stores a prediction from the token's embedding too: 3·d² bytes a split.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> All = [Model, Text, Split, Tokens, Out, Klt, Prediction, Json];
}

/// <summary>What <c>splitactors calibrate</c> is asked to do.</summary>
internal sealed record CalibrateOptions(
    string Model, string Text, SplitSelection Splits, int? TokenCountMax, string Out, bool WithKarhunenLoeve, bool WithPrediction, bool Json)
{
    private const int TokenCountLimit = 100_000_000;

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or there is no text.</exception>
    public static CalibrateOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var model = settings.Text(CalibrateSettings.Model);
        var text = settings.Text(CalibrateSettings.Text)
            ?? throw new UserErrorException(UserErrorKind.Options, "--text", "a text to calibrate on", "nothing", "Run `splitactors calibrate --help`.");
        var file = settings.Text(CalibrateSettings.Out);
        if (file is null && model is null)
        {
            throw new UserErrorException(
                UserErrorKind.Options, "--out", "a file to write", "none",
                "The calibration that comes with Quill stays as it is: name a file with --out, or your model with --model.");
        }

        if (file is not null && OutputFile.IsDevice(file))
            throw SettingReader.Wrong(settings.PlaceOf(CalibrateSettings.Out), "a file, which is written beside its place first", file);
        model ??= EmbeddedModel.Folder;
        return new CalibrateOptions(
            model,
            text,
            SplitSelection.Read(settings, CalibrateSettings.Split),
            settings.Integer(CalibrateSettings.Tokens, CalibrationOptions.TokenCountMin, TokenCountLimit),
            file ?? Path.Combine(model, ModelCalibration.FileName),
            settings.IsOn(CalibrateSettings.Klt),
            settings.IsOn(CalibrateSettings.Prediction),
            settings.IsOn(CalibrateSettings.Json));
    }
}
