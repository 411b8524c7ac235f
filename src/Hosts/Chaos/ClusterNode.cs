using System.Text.Json;

namespace SplitActors.Hosts.Chaos;

/// <summary>A scheduler or worker that is started again whenever it ends.</summary>
internal sealed class ClusterNode : IDisposable
{
    private const string ActiveEvent = "active";

    /// <summary>Before the next start of one that nobody ended.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<string> _arguments;
    private readonly ChaosLog _log;
    private readonly Changes _changes;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly Lock _lock = new();
    private BoundProcess? _process;
    private int? _expectedExit;
    private int _endCount;
    private bool _isReady;
    private int _disturbances;

    /// <param name="name">For messages.</param>
    /// <param name="arguments">Of this program.</param>
    /// <param name="log">Told of what it says, and of ends that nobody expected.</param>
    /// <param name="changes">Announced when it becomes ready, active, or has ended.</param>
    public ClusterNode(string name, IReadOnlyList<string> arguments, ChaosLog log, Changes changes)
    {
        (Name, _arguments, _log, _changes) = (name, arguments, log, changes);
        _running = RunAsync();
    }

    public string Name { get; }

    /// <summary>It runs, and nothing is being done to it.</summary>
    public bool IsServing
    {
        get
        {
            lock (_lock)
                return _isReady && _disturbances == 0;
        }
    }

    /// <summary>How often it ended.</summary>
    public int EndCount => Volatile.Read(ref _endCount);

    /// <summary>Of a scheduler: how often it became the active one, and when it last did.</summary>
    public (int Count, TimeSpan At) Active { get; private set; }

    /// <summary>While it is held, the node does not count as serving.</summary>
    public IDisposable Disturb()
    {
        lock (_lock)
            _disturbances++;
        return new Held(this);
    }

    public void Kill() => End("KILL", BoundProcess.Killed);

    /// <summary>Lets it leave in its own time.</summary>
    public void Drain() => End("TERM", ExitCode.Success);

    public void Pause() => Running?.Signal("STOP");

    public void Resume() => Running?.Signal("CONT");

    public void Dispose()
    {
        _stopping.Cancel();
        Running?.Dispose();
        _running.Wait(FailurePause * 10);
        _stopping.Dispose();
    }

    private BoundProcess? Running
    {
        get
        {
            lock (_lock)
                return _process;
        }
    }

    private void End(string signal, int exitCode)
    {
        lock (_lock)
            (_expectedExit, _isReady) = (exitCode, false);
        Running?.Signal(signal);
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var process = BoundProcess.Start(_arguments, Path.GetTempPath(), Read);
            lock (_lock)
                _process = process;
            if (_stopping.IsCancellationRequested)
                process.Dispose(); // who stops it may not have seen it
            var exitCode = await process.Ended;
            int? expected;
            lock (_lock)
            {
                (expected, _expectedExit) = (_expectedExit, null);
                (_process, _isReady) = (null, false);
            }

            Interlocked.Increment(ref _endCount);
            _changes.Announce();
            process.Dispose();
            if (exitCode == expected || _stopping.IsCancellationRequested)
                continue;
            _log.Report($"{Name} ended with exit code {exitCode}{(expected is null ? "" : $" instead of {expected}")}. Its last words: {process.Errors}");
            await Task.Delay(FailurePause, CancellationToken.None);
        }
    }

    private void Read(string line)
    {
        _log.Write(Name, line);
        switch (EventIn(line))
        {
            case "ready":
                lock (_lock)
                    _isReady = _expectedExit is null;
                break;
            case ActiveEvent:
                Active = (Active.Count + 1, _log.Elapsed);
                break;
            default:
                return;
        }

        _changes.Announce();
    }

    private static string? EventIn(string line)
    {
        try
        {
            return JsonElement.Parse(line).GetProperty("event").GetString();
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // a line that was cut off by its end
        }
    }

    private sealed class Held(ClusterNode node) : IDisposable
    {
        public void Dispose()
        {
            lock (node._lock)
                node._disturbances--;
            node._changes.Announce();
        }
    }
}
