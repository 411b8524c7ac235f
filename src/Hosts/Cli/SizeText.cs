using System.Globalization;

namespace SplitActors.Hosts.Cli;

/// <summary>Sizes and shares as users write them.</summary>
internal static class SizeText
{
    public const string Expected = "a size above 0 such as 512MB or 2GiB";

    private static readonly (string Unit, double Factor)[] Units =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9)];

    /// <summary>Null if the text is no size, or less than a byte: nothing fits into none.</summary>
    public static long? Bytes(string text) => Quantity(text, Units) is >= 1 and <= long.MaxValue / 2 and var bytes ? (long)bytes : null;

    /// <summary>A percentage of at least 0, as a share; null if the text is none.</summary>
    public static double? Share(string text) => Quantity(text, ("%", 1e-2));

    /// <summary>A number of at least 0 with one of the units.</summary>
    private static double? Quantity(string text, params ReadOnlySpan<(string Unit, double Factor)> units)
    {
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number * factor))
            {
                return number * factor;
            }
        }

        return null;
    }
}
