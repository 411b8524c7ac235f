using System.CommandLine;
using System.Globalization;
using System.Text;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;

namespace SplitActors.Hosts.Cli;

/// <summary>The settings of <c>splitactors calibrate</c>.</summary>
internal static class CalibrateSettings
{
    public static readonly Setting Model = Setting.Value("model", "DIR", "Hugging Face folder of the model. Default: the embedded model, Quill.");
    public static readonly Setting Text = Setting.Value("text", "FILE", "UTF-8 text like what the model will be used for. Required.");
    public static readonly Setting Split = Setting.Value("split", "all|ℓ|a-b", "Splits to calibrate, as layers in the front. Default: all.");

    public static readonly Setting Tokens = Setting.Value(
        "tokens", "N", $"Most tokens of the text that are used. Default: {CalibrationOptions.TokenCountMaxDefault}.");

    public static readonly Setting Out = Setting.Value("out", "FILE", $"File to write. Default: {ModelCalibration.FileName} in the model's folder.");
    public static readonly Setting Klt = Setting.Flag("klt", "Stores eigenvectors of the hidden states too: 2·d² bytes a split, and d² multiplications a token at both ends.");
    public static readonly Setting Prediction = Setting.Flag("prediction", "Stores a prediction from the token's embedding too: 3·d² bytes a split.");
    public static readonly Setting Json = Setting.Flag("json", "Prints one JSON object.");

    public static readonly IReadOnlyList<Setting> All = [Model, Text, Split, Tokens, Out, Klt, Prediction, Json];
}

/// <summary>What <c>splitactors calibrate</c> is asked to do.</summary>
/// <param name="FirstSplit">Null: all splits.</param>
internal sealed record CalibrateOptions(
    string Model, string Text, int? FirstSplit, int LastSplit, string SplitPlace, int TokenCountMax, string Out, bool WithKarhunenLoeve, bool WithPrediction, bool Json)
{
    private const int TextBytesMax = 1 << 28;
    private const int TokenCountLimit = 100_000_000;

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or there is no text.</exception>
    public static CalibrateOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var model = settings.Text(CalibrateSettings.Model) ?? EmbeddedModel.Folder;
        var text = settings.Text(CalibrateSettings.Text)
            ?? throw new UserErrorException(UserErrorKind.Options, "--text", "a text to calibrate on", "nothing", "Run `splitactors calibrate --help`.");
        var (first, last) = settings.Parse<(int First, int Last)>(CalibrateSettings.Split, "all, a number of layers, or a range such as 2-5", ParseSplits) ?? (0, 0);
        return new CalibrateOptions(
            model,
            text,
            first == 0 ? null : first,
            last,
            settings.PlaceOf(CalibrateSettings.Split),
            settings.Integer(CalibrateSettings.Tokens, CalibrationOptions.TokenCountMin, TokenCountLimit) ?? CalibrationOptions.TokenCountMaxDefault,
            settings.Text(CalibrateSettings.Out) ?? Path.Combine(model, ModelCalibration.FileName),
            settings.IsOn(CalibrateSettings.Klt),
            settings.IsOn(CalibrateSettings.Prediction),
            settings.IsOn(CalibrateSettings.Json));
    }

    /// <exception cref="UserErrorException">The model has no such split.</exception>
    public IReadOnlyList<int> SplitsOf(int layerCount)
    {
        if (FirstSplit is not { } first)
            return [.. Enumerable.Range(1, Math.Max(layerCount - 1, 0))];
        if (LastSplit >= layerCount)
            throw SettingReader.Wrong(SplitPlace, $"1 to {layerCount - 1}, which leaves layers on both sides", $"{LastSplit}");
        return [.. Enumerable.Range(first, LastSplit - first + 1)];
    }

    /// <exception cref="UserErrorException">The text cannot be read, is too large, or is not UTF-8.</exception>
    public string ReadText()
    {
        try
        {
            var bytes = new FileInfo(Text).Length;
            if (bytes > TextBytesMax)
                throw Wrong($"at most {TextBytesMax >> 20} MiB", $"{bytes >> 20} MiB", "Give a part of it.");
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(Text));
        }
        catch (DecoderFallbackException e)
        {
            throw Wrong("UTF-8 text", $"bytes that are not, at byte {e.Index}", "Convert it, for example with: iconv -t UTF-8");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong("a text that can be read", e.Message.TrimEnd('.'), "Correct the path.");
        }
    }

    private UserErrorException Wrong(string expected, string found, string nextStep) => new(UserErrorKind.Options, $"--text, {Text}", expected, found, nextStep);

    private static (int First, int Last)? ParseSplits(string text)
    {
        if (text == "all")
            return (0, 0);
        var parts = text.Split('-');
        if (parts.Length > 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            return null;
        var last = first;
        if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out last))
            return null;
        return first >= 1 && last >= first ? (first, last) : null;
    }
}
