using System.Globalization;

namespace SplitActors.Inference.Compression;

/// <summary>What a <see cref="Threshold"/> is measured in. Values are on the wire.</summary>
public enum ThresholdUnit
{
    Magnitude = 0,

    /// <summary>The token's root mean square.</summary>
    Rms = 1,

    /// <summary>The part of the token's values that stays below τ.</summary>
    Quantile = 2,
}

/// <summary>
/// τ of threshold splitting [2511.04002, eq. 4]: an absolute magnitude, written <c>5</c>, a multiple of the token's root mean square, written
/// <c>3rms</c>, or a quantile of the token's magnitudes, written <c>q0.999</c>. Hidden states grow with depth, so only the last two mean the same
/// at every split; only a quantile bounds how many values travel losslessly.
/// </summary>
public readonly record struct Threshold
{
    private const string RmsUnit = "rms";
    private const string QuantilePrefix = "q";

    private Threshold(float value, ThresholdUnit unit)
    {
        Value = value;
        Unit = unit;
    }

    /// <summary>In <see cref="Unit"/>.</summary>
    public float Value { get; }

    public ThresholdUnit Unit { get; }

    /// <summary>False for <c>default</c>, for values that are not finite and positive, and for quantiles of 1 and above; such thresholds split nothing sensibly.</summary>
    public bool IsValid => float.IsFinite(Value) && Value > 0 && (Unit != ThresholdUnit.Quantile || Value < 1) && Enum.IsDefined(Unit);

    public static Threshold Absolute(float magnitude) => new(magnitude, ThresholdUnit.Magnitude);

    public static Threshold RelativeToRms(float factor) => new(factor, ThresholdUnit.Rms);

    /// <summary>At most ⌊(1 − <paramref name="part"/>)·width + ½⌋ finite values of a token are at τ or above, whatever they are.</summary>
    public static Threshold Quantile(float part) => new(part, ThresholdUnit.Quantile);

    public static Threshold Of(float value, ThresholdUnit unit) => new(value, unit);

    /// <summary>Reads <c>5</c>, <c>3rms</c> or <c>q0.999</c>.</summary>
    /// <param name="text">The value as the user wrote it.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">The text is none of the forms, or the number is out of range.</exception>
    public static Threshold Parse(string text, string place) =>
        TryParse(text, out var threshold)
            ? threshold
            : throw new UserErrorException(
                UserErrorKind.Options,
                place,
                "a positive magnitude such as 5, a multiple of the token's RMS such as 3rms, or a quantile of its magnitudes such as q0.999",
                $"'{text}'",
                "Give one of the three forms.");

    public static bool TryParse(string? text, out Threshold threshold)
    {
        var number = text.AsSpan().Trim();
        var unit = ThresholdUnit.Magnitude;
        if (number.EndsWith(RmsUnit, StringComparison.OrdinalIgnoreCase))
        {
            unit = ThresholdUnit.Rms;
            number = number[..^RmsUnit.Length].TrimEnd();
        }
        else if (number.StartsWith(QuantilePrefix, StringComparison.OrdinalIgnoreCase))
        {
            unit = ThresholdUnit.Quantile;
            number = number[QuantilePrefix.Length..].TrimStart();
        }

        var parsed = float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
        threshold = new Threshold(value, unit);
        return parsed && threshold.IsValid;
    }

    /// <summary>The form that <see cref="Parse"/> reads back to the same value.</summary>
    public override string ToString()
    {
        var number = Value.ToString("R", CultureInfo.InvariantCulture);
        return Unit switch
        {
            ThresholdUnit.Rms => number + RmsUnit,
            ThresholdUnit.Quantile => QuantilePrefix + number,
            _ => number,
        };
    }
}
