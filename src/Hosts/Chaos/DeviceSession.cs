namespace SplitActors.Hosts.Chaos;

/// <summary>A session of a device, as a process of its own that can be watched.</summary>
internal sealed class DeviceSession : IDisposable
{
    private readonly GeneratedText _text = new();
    private readonly List<TimeSpan> _arrivals = [];
    private readonly ChaosLog _log;
    private readonly BoundProcess _process;
    private readonly Changes _changes = new();
    private readonly Lock _lock = new();
    private TimeSpan? _plannedAt;
    private bool _hasEnded;

    /// <param name="name">For the log.</param>
    /// <param name="arguments">Of this program.</param>
    /// <param name="log">Whose clock all times are of.</param>
    public DeviceSession(string name, IEnumerable<string> arguments, ChaosLog log)
    {
        (Name, _log, StartedAt) = (name, log, log.Elapsed);
        _process = BoundProcess.Start(arguments, Path.GetTempPath(), Read);
        Ended = EndAsync();
    }

    /// <summary>In the log and in the network.</summary>
    public string Name { get; }

    public TimeSpan StartedAt { get; }

    /// <summary>The exit code.</summary>
    public Task<int> Ended { get; }

    public string Errors => _process.Errors;

    /// <summary>As far as it is.</summary>
    public GeneratedText Text => _text;

    /// <summary>The address of the worker that serves it; null: none yet, or none at all.</summary>
    public string? Worker
    {
        get
        {
            lock (_lock)
                return _text.Worker is { Length: > 0 } worker ? worker : null;
        }
    }

    public bool HasEnded
    {
        get
        {
            lock (_lock)
                return _hasEnded;
        }
    }

    public TimeSpan? PlannedAt
    {
        get
        {
            lock (_lock)
                return _plannedAt;
        }
    }

    public int TokenCount
    {
        get
        {
            lock (_lock)
                return _arrivals.Count;
        }
    }

    public SessionPhase Phase => PlannedAt is null ? SessionPhase.Start : TokenCount == 0 ? SessionPhase.Prefill : SessionPhase.Decode;

    /// <summary>When each token so far came.</summary>
    public IReadOnlyList<TimeSpan> Arrivals
    {
        get
        {
            lock (_lock)
                return [.. _arrivals];
        }
    }

    /// <summary>Waits until something is so, or the session has ended.</summary>
    public Task UntilAsync(Func<bool> isSo, CancellationToken cancellation) => _changes.UntilAsync(() => HasEnded || isSo(), cancellation);

    public void Dispose() => _process.Dispose();

    private void Read(string line)
    {
        var now = _log.Elapsed;
        _log.Write(Name, line);
        lock (_lock)
        {
            if (!_text.Read(line))
                return;
            if (_text.Tokens.Count > _arrivals.Count)
                _arrivals.Add(now);
            if (_text.Worker is not null)
                _plannedAt ??= now;
        }

        _changes.Announce();
    }

    private async Task<int> EndAsync()
    {
        var exitCode = await _process.Ended;
        lock (_lock)
            _hasEnded = true;
        _changes.Announce();
        if (_process.Errors.Length > 0)
            _log.Write(Name, _process.Errors);
        return exitCode;
    }
}
