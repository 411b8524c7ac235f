namespace SplitActors.Actors.Protocol;

/// <summary>
/// Ranges of what others say in messages of their machines and links. Everything that planning computes with passes here, so that no message
/// brings in NaN, an infinity that cancels another, or a time that no <see cref="TimeSpan"/> holds.
/// </summary>
internal static class Plausible
{
    /// <summary>Beyond, no link and no pass deserves the name.</summary>
    private const double SecondsMax = 3600;

    private const double HertzMax = 1e12;
    private const double SnrLeast = 1e-6;
    private const double SnrMost = 1e12;
    private const double OutageLeast = 1e-12;
    private const double LossMost = 1 - 1e-6;
    private const int RowsMax = 1 << 20;
    private const int ThreadsMax = 1 << 12;

    /// <summary>Letters of a machine's name or of a worker's address.</summary>
    private const int NameLengthMax = 256;

    public static bool IsTime(double seconds) => seconds is >= 0 and <= SecondsMax;

    public static bool AreTimes(params ReadOnlySpan<double> seconds)
    {
        foreach (var value in seconds)
        {
            if (!IsTime(value))
                return false;
        }

        return true;
    }

    /// <summary>In bits per second; +∞ where bytes take no time.</summary>
    public static bool IsRate(double bitsPerSecond) => bitsPerSecond >= 1;

    public static bool IsBandwidth(double hertz) => hertz is >= 1 and <= HertzMax;

    public static bool IsSnr(double ratio) => ratio is >= SnrLeast and <= SnrMost;

    public static bool IsOutageTarget(double probability) => probability is >= OutageLeast and < 1;

    /// <summary>Share of messages, or of attempts, that fail.</summary>
    public static bool IsLoss(double share) => share is >= 0 and <= LossMost;

    /// <summary>Rise of perplexity that a device allows.</summary>
    public static bool IsRise(double share) => share is >= 0 and < double.PositiveInfinity;

    public static bool IsName(string text) => text.Length <= NameLengthMax;

    public static bool IsRowCount(uint count) => count is > 0 and <= RowsMax;

    public static bool IsThreadCount(uint count) => count is > 0 and <= ThreadsMax;
}
