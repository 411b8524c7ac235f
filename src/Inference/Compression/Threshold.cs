using System.Globalization;

namespace SplitActors.Inference.Compression;

/// <summary>
/// τ of threshold splitting [2511.04002, eq. 4]: an absolute magnitude, written <c>5</c>, or a multiple of the token's root mean square,
/// written <c>3rms</c>. Hidden states grow with depth, so only the relative form means the same at every split.
/// </summary>
public readonly record struct Threshold
{
    private const string RmsUnit = "rms";

    private Threshold(float value, bool isRelative)
    {
        Value = value;
        IsRelative = isRelative;
    }

    /// <summary>A magnitude, or a multiple of the token's root mean square if <see cref="IsRelative"/>.</summary>
    public float Value { get; }

    public bool IsRelative { get; }

    /// <summary>False for <c>default</c> and for values that are not finite and positive; such thresholds split nothing sensibly.</summary>
    public bool IsValid => float.IsFinite(Value) && Value > 0;

    public static Threshold Absolute(float magnitude) => new(magnitude, isRelative: false);

    public static Threshold RelativeToRms(float factor) => new(factor, isRelative: true);

    /// <summary>Reads <c>5</c> or <c>3rms</c>.</summary>
    /// <param name="text">The value as the user wrote it.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">The text is neither form, or the number is not finite and positive.</exception>
    public static Threshold Parse(string text, string place) =>
        TryParse(text, out var threshold)
            ? threshold
            : throw new UserErrorException(
                UserErrorKind.Options, place, "a positive magnitude such as 5, or a multiple of the token's RMS such as 3rms", $"'{text}'", "Give one of the two forms.");

    public static bool TryParse(string? text, out Threshold threshold)
    {
        var number = text.AsSpan().Trim();
        var isRelative = number.EndsWith(RmsUnit, StringComparison.OrdinalIgnoreCase);
        if (isRelative)
            number = number[..^RmsUnit.Length].TrimEnd();
        var parsed = float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
        threshold = new Threshold(value, isRelative);
        return parsed && threshold.IsValid;
    }

    /// <summary>The form that <see cref="Parse"/> reads back to the same value.</summary>
    public override string ToString() => Value.ToString("R", CultureInfo.InvariantCulture) + (IsRelative ? RmsUnit : "");
}
