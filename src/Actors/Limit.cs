using System.Runtime.CompilerServices;

namespace SplitActors.Actors;

/// <summary>Checks of limits in options, made when an actor starts.</summary>
internal static class Limit
{
    /// <exception cref="ArgumentOutOfRangeException">The limit is zero or negative.</exception>
    public static void RequirePositive<T>(T value, [CallerArgumentExpression(nameof(value))] string? name = null)
        where T : struct, IComparable<T>
    {
        if (value.CompareTo(default) <= 0)
            throw new ArgumentOutOfRangeException(name, value, "The limit must be above 0.");
    }
}
