using System.Diagnostics;

namespace SplitActors.Hosts.Chaos;

/// <summary>
/// A process of this program that ends with this one, however this one ends: a shell waits at a pipe that this process holds, passes on the signals that come
/// through it, and when the pipe ends kills the whole process group.
/// </summary>
internal sealed class BoundProcess : IDisposable
{
    private const int ErrorLinesMax = 40;

    private const string Script =
        """
        exec 3<&0 </dev/null
        "$0" "$@" 3<&- &
        child=$!
        (while read -r signal <&3; do kill -s "$signal" "$child"; done; kill -s KILL 0) >/dev/null 2>&1 &
        reader=$!
        wait "$child"
        status=$?
        kill -s KILL "$reader"
        exit "$status"
        """;

    /// <summary>Settings that this process was started with are not meant for others.</summary>
    private const string SettingPrefix = "SPLITACTORS_";

    private static readonly TimeSpan EndTimeMax = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Queue<string> _errors = new();

    private BoundProcess(Process process, Action<string> read)
    {
        _process = process;
        Ended = FollowAsync(read);
    }

    /// <summary>What SIGKILL ends a process with, as shells have it.</summary>
    public const int Killed = 137;

    /// <summary>The exit code, when all lines have been read.</summary>
    public Task<int> Ended { get; }

    /// <summary>The last lines of standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return string.Join('\n', _errors);
        }
    }

    /// <param name="arguments">Of this program.</param>
    /// <param name="folder">That it works in.</param>
    /// <param name="read">Told of each line of standard output.</param>
    public static BoundProcess Start(IEnumerable<string> arguments, string folder, Action<string> read)
    {
        var start = new ProcessStartInfo("setsid")
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { "sh", "-c", Script, Path.Combine(AppContext.BaseDirectory, "splitactors") }.Concat(arguments))
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith(SettingPrefix, StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        return new BoundProcess(Process.Start(start)!, read);
    }

    /// <param name="signal">Its name without SIG, such as KILL.</param>
    public void Signal(string signal)
    {
        try
        {
            _process.StandardInput.Write($"{signal}\n");
            _process.StandardInput.Flush();
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It needs none any more.
        }
    }

    /// <summary>Kills it, and all that it started.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has ended.
        }

        Ended.Wait(EndTimeMax);
    }

    private async Task<int> FollowAsync(Action<string> read)
    {
        using (_process)
        {
            var errors = ReadAsync(_process.StandardError, Keep);
            await ReadAsync(_process.StandardOutput, read);
            await errors;
            await _process.WaitForExitAsync();
            return _process.ExitCode;
        }
    }

    private static async Task ReadAsync(StreamReader stream, Action<string> read)
    {
        while (await stream.ReadLineAsync() is { } line)
            read(line);
    }

    private void Keep(string line)
    {
        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > ErrorLinesMax)
                _errors.Dequeue();
        }
    }
}
