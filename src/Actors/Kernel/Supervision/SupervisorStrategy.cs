namespace SplitActors.Actors.Kernel;

/// <summary>How a parent answers the failure of a child: one for one, its siblings are not concerned.</summary>
/// <param name="Decide">A pure function. If it throws, the failure escalates.</param>
public sealed record SupervisorStrategy(Func<Exception, Directive> Decide)
{
    /// <summary>Restart, up to 10 times within a minute, then stop.</summary>
    public static SupervisorStrategy Default { get; } = new(_ => Directive.Restart);

    /// <summary>Restarts allowed to one child within <see cref="Window"/>; the next one is a stop.</summary>
    public int RestartsMax { get; init; } = 10;

    /// <summary>Slides, on the system's clock.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(1);
}
