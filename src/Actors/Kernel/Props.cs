namespace SplitActors.Actors.Kernel;

/// <summary>How to make an actor, again at each restart, and the bounds it lives under.</summary>
/// <param name="Factory">Returns a new instance on each call.</param>
public sealed record Props(Func<Actor> Factory)
{
    /// <summary>User messages that may wait; null takes <see cref="ActorSystemOptions.MailboxCapacity"/>.</summary>
    public int? MailboxCapacity { get; init; }

    /// <summary>Works that <see cref="IActorContext.RunOffloaded"/> may have in flight.</summary>
    public int OffloadsMax { get; init; } = 16;

    /// <summary>How this actor answers failures of its children.</summary>
    public SupervisorStrategy SupervisorStrategy { get; init; } = SupervisorStrategy.Default;
}
