using System.Globalization;

namespace SplitActors.Inference.Calibration;

/// <summary>Quality in a user's terms: by how much perplexity is expected to rise. Calibrations hold settings for <see cref="All"/>.</summary>
/// <param name="RisePercent">In percent of the perplexity without compression.</param>
public readonly record struct QualityTarget(double RisePercent)
{
    private const char PercentSign = '%';

    public static IReadOnlyList<QualityTarget> All { get; } = [new(0.1), new(0.5), new(1), new(3)];

    /// <summary>0.5 %.</summary>
    public static QualityTarget Default { get; } = new(0.5);

    /// <summary>Reads <c>0.5%</c> or <c>0.5</c>.</summary>
    /// <param name="text">As the user wrote it.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">It is none of <see cref="All"/>.</exception>
    public static QualityTarget Parse(string text, string place)
    {
        var number = text.AsSpan().Trim().TrimEnd(PercentSign);
        if (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) && All.Contains(new QualityTarget(percent)))
            return new QualityTarget(percent);
        throw new UserErrorException(
            UserErrorKind.Options, place, $"one of {string.Join(", ", All)}, the expected rise of perplexity", $"'{text}'", "Give one of these.");
    }

    /// <summary>Whether a setting keeps this quality on other texts too, as far as a measurement on one can tell.</summary>
    /// <param name="elsewherePercent">What the rise on another text is expected to stay below.</param>
    internal bool Allows(double elsewherePercent) => elsewherePercent <= RisePercent;

    /// <summary>
    /// As <see cref="Allows"/>, of a figure as a calibration file has it: what was allowed before it was rounded still is.
    /// </summary>
    internal bool AllowsRounded(double elsewherePercent) => Allows(elsewherePercent - (Math.Pow(10, -CalibrationFormat.Decimals) / 2));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RisePercent}{PercentSign}");
}
