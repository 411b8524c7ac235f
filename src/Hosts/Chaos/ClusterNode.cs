using System.Text.Json;

namespace SplitActors.Hosts.Chaos;

/// <summary>A worker that had ended serves again.</summary>
/// <param name="EndedBy">killed or drained.</param>
/// <param name="Time">From the start of its new process until a scheduler knew it.</param>
internal sealed record NodeReturn(string EndedBy, TimeSpan Time);

/// <summary>A scheduler or worker that is started again whenever it ends.</summary>
internal sealed class ClusterNode : IDisposable
{
    /// <summary>Before the next start of one that nobody ended.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<string> _arguments;
    private readonly ChaosLog _log;
    private readonly Changes _changes;
    private readonly Action<string, string>? _observe;
    private readonly List<NodeReturn> _returns = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly Lock _lock = new();
    private BoundProcess? _process;
    private int? _expectedExit;
    private int _endCount;
    private bool _isReady;
    private bool _isMember;
    private bool _isKnown;
    private string? _endedBy;
    private TimeSpan _startedAt;
    private int _disturbances;

    /// <param name="name">For messages.</param>
    /// <param name="arguments">Of this program.</param>
    /// <param name="log">Told of what it says, and of ends that nobody expected.</param>
    /// <param name="changes">Announced when it becomes ready, a member, active, or has ended.</param>
    /// <param name="observe">Told of its other events: name and message.</param>
    public ClusterNode(string name, IReadOnlyList<string> arguments, ChaosLog log, Changes changes, Action<string, string>? observe = null)
    {
        (Name, _arguments, _log, _changes, _observe) = (name, arguments, log, changes, observe);
        _isKnown = observe is not null; // a scheduler: nobody has to know it
        _running = RunAsync();
    }

    public string Name { get; }

    /// <summary>It runs as a member of the cluster, the scheduler knows it if it is a worker, and nothing is being done to it.</summary>
    public bool IsServing
    {
        get
        {
            lock (_lock)
                return _isReady && _isMember && _isKnown && _disturbances == 0;
        }
    }

    /// <summary>How often it ended.</summary>
    public int EndCount => Volatile.Read(ref _endCount);

    /// <summary>Of a scheduler: how often it became the active one, and when it last did.</summary>
    public (int Count, TimeSpan At) Active { get; private set; }

    /// <summary>How long it took, after each end, from its new start until a scheduler knew it.</summary>
    public IReadOnlyList<NodeReturn> Returns
    {
        get
        {
            lock (_lock)
                return [.. _returns];
        }
    }

    /// <summary>Of a worker: a scheduler has said that it joined, or that it is gone.</summary>
    public void Know(bool isKnown)
    {
        lock (_lock)
        {
            _isKnown = isKnown;
            if (isKnown && _isMember && _endedBy is { } endedBy)
            {
                _returns.Add(new NodeReturn(endedBy, _log.Elapsed - _startedAt));
                _endedBy = null;
            }
        }

        _changes.Announce();
    }

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
        {
            (_expectedExit, _isReady) = (exitCode, false);
            _endedBy = signal == "KILL" ? "killed" : "drained";
            _isKnown &= _observe is not null;
        }

        Running?.Signal(signal);
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var process = BoundProcess.Start(_arguments, Path.GetTempPath(), Read);
            lock (_lock)
                (_process, _startedAt) = (process, _log.Elapsed);
            if (_stopping.IsCancellationRequested)
                process.Dispose(); // who stops it may not have seen it
            var exitCode = await process.Ended;
            int? expected;
            lock (_lock)
            {
                (expected, _expectedExit) = (_expectedExit, null);
                (_process, _isReady, _isMember) = (null, false, false);
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
        if (EventIn(line) is not var (name, message))
            return;
        lock (_lock)
        {
            switch (name)
            {
                case "ready":
                    _isReady = _expectedExit is null;
                    break;
                case Cli.Nodes.ClusterNode.MemberEvent:
                    _isMember = true;
                    break;
                case Cli.Nodes.ClusterNode.GivenUpEvent:
                    _isMember = false;
                    break;
                case "active":
                    Active = (Active.Count + 1, _log.Elapsed);
                    break;
            }
        }

        _observe?.Invoke(name, message);
        _changes.Announce();
    }

    private static (string Name, string Message)? EventIn(string line)
    {
        try
        {
            var read = JsonElement.Parse(line);
            return (read.GetProperty("event").GetString()!, read.GetProperty("message").GetString()!);
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
