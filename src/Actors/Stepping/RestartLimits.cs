using Akka.Actor;

namespace SplitActors.Actors.Stepping;

/// <summary>How often an actor that throws gets a new shell before it is stopped for good.</summary>
public static class RestartLimits
{
    /// <summary>Restarts allowed to one actor within <see cref="Window"/>; the next one is a stop.</summary>
    public const int RestartsMax = 10;

    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);
}

/// <summary>Supervises the actors at the top of a system: <c>akka.actor.guardian-supervisor-strategy</c> names it.</summary>
public sealed class TopSupervision : SupervisorStrategyConfigurator
{
    public override SupervisorStrategy Create() =>
        new OneForOneStrategy(RestartLimits.RestartsMax, RestartLimits.Window, static _ => Directive.Restart);
}
