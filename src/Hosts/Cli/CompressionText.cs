using System.Globalization;
using System.Text.Json;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>A plan's compression, for a person and for a machine.</summary>
internal static class CompressionText
{
    /// <summary>In the words of the command line: <c>rd at 0.5%, expected rise of perplexity 0.43 %; klt; calibration 0123456789abcdef</c>.</summary>
    public static string Describe(Compression? compression)
    {
        if (compression is null || compression.Codec == Codec.Raw)
            return "none";
        var quality = compression.HasQualityPercent ? string.Create(CultureInfo.InvariantCulture, $" at {compression.QualityPercent}%") : "";
        var expected = compression.HasExpectedRisePercent
            ? string.Create(CultureInfo.InvariantCulture, $", expected rise of perplexity {compression.ExpectedRisePercent:F2} %")
            : ", uncalibrated";
        var transform = TransformOf(compression) is { } name ? $"; {name}" : "";
        var calibration = compression.CalibrationId != 0 ? $"; calibration {Compatibility.Name(compression.CalibrationId)}" : "";
        return NameOf(compression.Codec) + quality + expected + transform + (compression.SharesPromptTokens ? ", prompt tokens shared" : "") + calibration;
    }

    /// <summary>The field "compression"; null where nothing is compressed because no hidden state travels.</summary>
    public static void Write(Utf8JsonWriter json, Compression? compression)
    {
        if (compression is null)
        {
            json.WriteNull("compression");
            return;
        }

        json.WriteStartObject("compression");
        json.WriteString("codec", NameOf(compression.Codec));
        WriteNullable(json, "quality_percent", compression.HasQualityPercent ? compression.QualityPercent : null);
        WriteNullable(json, "expected_rise_percent", compression.HasExpectedRisePercent ? Math.Round(compression.ExpectedRisePercent, 4) : null);
        json.WriteString("transform", TransformOf(compression));
        json.WriteString("calibration", compression.CalibrationId != 0 ? Compatibility.Name(compression.CalibrationId) : null);
        json.WriteBoolean("shares_prompt_tokens", compression.SharesPromptTokens);
        json.WriteEndObject();
    }

    private static string NameOf(Codec codec) => codec switch
    {
        Codec.RateDistortion => "rd",
        Codec.Tabq => "tabq",
        _ => "none",
    };

    private static string? TransformOf(Compression compression) => compression.Codec != Codec.RateDistortion ? null : compression.Transform switch
    {
        Transform.Columns => "columns",
        Transform.KarhunenLoeve => "klt",
        Transform.Prediction => "prediction",
        _ => null,
    };

    private static void WriteNullable(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
