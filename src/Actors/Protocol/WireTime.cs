namespace SplitActors.Actors.Protocol;

/// <summary>Times on the wire.</summary>
public static class WireTime
{
    private const double PerSecond = 1e6;

    /// <summary>Whole ones, rounded up; null for what is not known, or has no bound.</summary>
    public static uint? ToMicroseconds(double? seconds) => seconds is >= 0 and < double.PositiveInfinity and var known ? (uint)Math.Min(Math.Ceiling(known * PerSecond), uint.MaxValue) : null;
}
