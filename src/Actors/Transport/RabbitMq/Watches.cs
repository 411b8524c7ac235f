namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>Who watches whom, and whom to probe next. Thread-safe.</summary>
internal sealed class Watches(RabbitMqOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Watched> _watched = new(StringComparer.Ordinal);
    private readonly Queue<Watched> _new = new();
    private readonly Queue<(Watched Watched, TimeSpan Due)> _probed = new(); // by due time

    /// <summary>Watches that are still to be answered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _watched.Values.Sum(watched => watched.Watchers.Count);
        }
    }

    public void Add(string address, string watcher)
    {
        lock (_lock)
        {
            if (!_watched.TryGetValue(address, out var watched))
            {
                _watched[address] = watched = new Watched(address);
                _new.Enqueue(watched);
            }

            watched.Watchers.Add(watcher);
        }
    }

    /// <summary>The address is gone: its watches end.</summary>
    /// <returns>Who is to be told.</returns>
    public IReadOnlyCollection<string> End(string address)
    {
        lock (_lock)
            return _watched.Remove(address, out var watched) ? watched.Watchers : [];
    }

    /// <summary>A watcher is gone.</summary>
    public void Forget(string watcher)
    {
        lock (_lock)
        {
            foreach (var (address, watched) in _watched)
            {
                if (watched.Watchers.Remove(watcher) && watched.Watchers.Count == 0)
                    _watched.Remove(address);
            }
        }
    }

    /// <summary>Addresses to probe now, each with one of its watchers: new ones, and in turn, so many in a tick, those that were probed before.</summary>
    public IReadOnlyList<(string Address, string Watcher)> TakeDue(TimeSpan now, bool isTick)
    {
        lock (_lock)
        {
            if (_new.Count == 0 && !isTick)
                return [];
            var due = new List<(string Address, string Watcher)>();
            while (_new.TryDequeue(out var watched))
                Take(watched);
            while (isTick && due.Count < options.ProbesPerTickMax && _probed.TryPeek(out var probed) && probed.Due <= now)
                Take(_probed.Dequeue().Watched);
            return due;

            void Take(Watched watched)
            {
                if (_watched.GetValueOrDefault(watched.Address) != watched)
                    return; // its watches have ended; there may be others by now
                due.Add((watched.Address, watched.Watchers.First()));
                _probed.Enqueue((watched, now + options.ProbePeriod));
            }
        }
    }

    private sealed class Watched(string address)
    {
        public string Address => address;

        public HashSet<string> Watchers { get; } = new(StringComparer.Ordinal);
    }
}
