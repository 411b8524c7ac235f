using System.Collections.Concurrent;

namespace SplitActors.Hosts.Chaos;

/// <summary>What went wrong besides sessions, and, where a folder is named for it, what every process said. Thread-safe.</summary>
/// <param name="folder">Null: nothing is written.</param>
/// <param name="clock">Of all times of a run.</param>
internal sealed class ChaosLog(string? folder, TimeProvider clock)
{
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly Lock _writing = new();
    private readonly long _start = clock.GetTimestamp();

    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>Since the start.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(_start);

    /// <summary>Something that must not happen, in sentences.</summary>
    public void Report(string problem)
    {
        _problems.Enqueue(problem);
        Write("problems", problem);
    }

    /// <param name="name">Of the file.</param>
    public void Write(string name, string line)
    {
        if (folder is null)
            return;
        lock (_writing)
            File.AppendAllText(Path.Combine(folder, $"{name}.log"), FormattableString.Invariant($"{clock.GetLocalNow():HH:mm:ss.fff} {line}\n"));
    }
}
