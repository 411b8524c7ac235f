namespace SplitActors.Actors.Kernel;

/// <summary>
/// The address of one incarnation of an actor. Two refs are equal only if they are the same object: an actor that is spawned
/// under a name used before has another ref, while a restarted actor keeps its own.
/// </summary>
public abstract class ActorRef
{
    private protected ActorRef(string path) => Path = path;

    /// <summary>"/" and the names from the top-level actor down, as in "/edge/7".</summary>
    public string Path { get; }

    internal abstract ActorSystem System { get; }

    /// <summary>Sends and returns at once, on any thread. What cannot be delivered goes to <see cref="DeadLetters"/>.</summary>
    public abstract void Tell(object message, ActorRef? sender = null);

    public override string ToString() => Path;

    /// <summary>Sends on the system lane.</summary>
    internal abstract void Signal(ISystemMessage message);
}
