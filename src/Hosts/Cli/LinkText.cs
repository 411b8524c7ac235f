using System.Globalization;
using System.Text.Json;
using SplitActors.Hosts.Planning;
using SplitActors.Inference;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Reads a link from an option: <c>rayleigh:bw=10MHz,snr=10</c>, <c>bandwidth=20Mbit,rtt=30ms,loss=1%</c>, <c>measured:FILE</c>, or a name.
/// </summary>
internal sealed class LinkText
{
    public const string Syntax = "wifi, lte, lan, rayleigh:bw=10MHz,snr=10, bandwidth=20Mbit,rtt=30ms,loss=1% or measured:FILE";

    private const string Rayleigh = "rayleigh:";
    private const string Measured = "measured:";
    private const double OutageTargetDefault = 1e-3;
    private const int MeasuredLinesMax = 1_000_000;

    /// <summary>docs/planning.md says where these come from.</summary>
    private static readonly (string Name, StatedSpecification Link)[] Named =
    [
        ("lan", new StatedSpecification(940e6, 940e6, 0.5e-3, 0, OutageTargetDefault)),
        ("wifi", new StatedSpecification(50e6, 50e6, 5e-3, 0.01, OutageTargetDefault)),
        ("lte", new StatedSpecification(8e6, 30e6, 50e-3, 0.01, OutageTargetDefault)),
    ];

    private readonly string _text;
    private readonly string _place;
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    private LinkText(string text, string place) => (_text, _place) = (text, place);

    /// <param name="text">As the user wrote it.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">It is no link, a field is missing, unknown or out of its range, or the file cannot be used.</exception>
    public static LinkSpecification Parse(string text, string place)
    {
        if (Array.Find(Named, named => named.Name == text).Link is { } known)
            return known;
        if (text.StartsWith(Measured, StringComparison.Ordinal))
            return ReadMeasured(text[Measured.Length..]);
        var reader = new LinkText(text, place);
        return text.StartsWith(Rayleigh, StringComparison.Ordinal) ? reader.ReadRayleigh() : reader.ReadStated();
    }

    private RayleighSpecification ReadRayleigh()
    {
        ReadFields(_text[Rayleigh.Length..], "bw", "snr", "eps", "delay");
        var channel = new RayleighChannel(
            Require("bw", Quantity("bw", ("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3), ("Hz", 1)), value => value > 0),
            Require("snr", SignalToNoise(), value => value > 0));
        return new RayleighSpecification(channel, OutageTarget(), Optional("delay", 0, value => value >= 0, ("ms", 1e-3), ("us", 1e-6), ("s", 1)));
    }

    private StatedSpecification ReadStated()
    {
        ReadFields(_text, "bandwidth", "down", "rtt", "loss", "eps");
        (string, double)[] rates = [("Gbit", 1e9), ("Mbit", 1e6), ("kbit", 1e3), ("bit", 1)];
        var bandwidth = Require("bandwidth", Quantity("bandwidth", rates), value => value > 0);
        return new StatedSpecification(
            bandwidth,
            Optional("down", bandwidth, value => value > 0, rates),
            Optional("rtt", 0, value => value >= 0, ("ms", 1e-3), ("us", 1e-6), ("s", 1)),
            Optional("loss", 0, value => value is >= 0 and < 1, ("%", 1e-2), ("", 1)),
            OutageTarget());
    }

    private double OutageTarget() => Optional("eps", OutageTargetDefault, value => value is > 0 and < 1, ("%", 1e-2), ("", 1));

    /// <summary>A ratio, or decibels.</summary>
    private double? SignalToNoise() => _fields.TryGetValue("snr", out var text) && text.EndsWith("dB", StringComparison.Ordinal)
        ? Number(text[..^2]) is { } decibels ? Math.Pow(10, decibels / 10) : null
        : Quantity("snr", ("", 1));

    private void ReadFields(string text, params string[] names)
    {
        foreach (var field in text.Split(','))
        {
            var (name, value) = field.Split('=') is [var left, var right] ? (left, right) : throw Wrong(Syntax);
            if (!names.Contains(name, StringComparer.Ordinal))
                throw Wrong($"only {string.Join(", ", names)}, or {Syntax}");
            if (!_fields.TryAdd(name, value))
                throw Wrong($"'{name}' once");
        }
    }

    private double? Quantity(string name, params (string Unit, double Factor)[] units)
    {
        if (!_fields.TryGetValue(name, out var text))
            return null;
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && Number(text[..^unit.Length]) is { } number)
                return number * factor;
        }

        return null;
    }

    private double Require(string name, double? value, Func<double, bool> isValid) => value is { } number && isValid(number)
        ? number
        : throw Wrong($"'{name}' with its unit and in its range, as in {Syntax}");

    private double Optional(string name, double fallback, Func<double, bool> isValid, params (string Unit, double Factor)[] units) =>
        _fields.ContainsKey(name) ? Require(name, Quantity(name, units), isValid) : fallback;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    private UserErrorException Wrong(string expected) => SettingReader.Wrong(_place, expected, _text);

    /// <summary>A line <c>{"bytes": 812, "ms": 14.2}</c> for each message in one direction, <c>{"lost": true}</c> for one that did not arrive.</summary>
    private static MeasuredSpecification ReadMeasured(string path)
    {
        var link = new MeasuredLink(OutageTargetDefault);
        var number = 0;
        foreach (var line in ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (number > MeasuredLinesMax || !TryAdd(link, line))
            {
                throw new UserErrorException(
                    UserErrorKind.Options, $"{path}, line {number}", "{\"bytes\": N, \"ms\": T} or {\"lost\": true}", number > MeasuredLinesMax ? $"more than {MeasuredLinesMax} lines" : $"'{line}'",
                    "Correct it, or leave it out.");
            }
        }

        return link.Estimate() is { MessageCount: >= 2 }
            ? new MeasuredSpecification(link, path)
            : throw new UserErrorException(UserErrorKind.Options, path, "at least two messages that arrived", $"{link.Estimate()?.MessageCount ?? 0}", "Measure more.");
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserErrorException(UserErrorKind.Options, path, "a file of measured messages", e.Message.TrimEnd('.'), "Correct the name.", e);
        }
    }

    private static bool TryAdd(MeasuredLink link, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var message = document.RootElement;
            if (message.ValueKind != JsonValueKind.Object)
                return false;
            if (message.TryGetProperty("lost", out var lost) && lost.ValueKind == JsonValueKind.True)
            {
                link.Lost();
                return true;
            }

            if (!message.TryGetProperty("bytes", out var bytes) || !bytes.TryGetInt64(out var byteCount) || byteCount < 0
                || !message.TryGetProperty("ms", out var ms) || !ms.TryGetDouble(out var milliseconds) || !(milliseconds >= 0 && double.IsFinite(milliseconds)))
            {
                return false;
            }

            link.Arrived(byteCount, milliseconds / 1e3);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // a number that is none
        {
            return false;
        }
    }
}
