namespace SplitActors.Actors.Kernel;

/// <summary>
/// The live children of one actor, by name. Locked, for two cases outside the actor's own turn: top-level actors are spawned from
/// any thread, and a child frees its name itself, before anybody learns that it has terminated.
/// </summary>
internal sealed class Children
{
    private readonly Dictionary<string, ActorCell> _byName = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private bool _isClosed;

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _byName.Count == 0;
        }
    }

    public IReadOnlyList<ActorRef> Refs
    {
        get
        {
            lock (_lock)
                return [.. _byName.Values.Select(child => child.Self)];
        }
    }

    public void Add(string name, ActorCell child)
    {
        lock (_lock)
        {
            if (_isClosed)
                throw new InvalidOperationException($"{child.Self.Path} cannot be spawned: its parent is stopping.");
            if (!_byName.TryAdd(name, child))
                throw new ArgumentException($"{child.Self.Path} is in use. Take another name, or watch it until Terminated.", nameof(name));
        }
    }

    public void Remove(string name)
    {
        lock (_lock)
            _byName.Remove(name);
    }

    /// <summary>Lets no child in until <see cref="Open"/>.</summary>
    public void Close()
    {
        lock (_lock)
            _isClosed = true;
    }

    public void Open()
    {
        lock (_lock)
            _isClosed = false;
    }
}
