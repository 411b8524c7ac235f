using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using SplitActors.Inference;

namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>An engine in a process of its own, which runs a round when told to and otherwise waits.</summary>
internal sealed class EngineProcess : IDisposable
{
    private readonly Process _process;
    private bool _closed;

    private EngineProcess(string name, Process process) => (Name, _process) = (name, process);

    /// <summary>The program's name; more exactly once it has run a round and said so.</summary>
    public string Name { get; private set; }

    /// <summary>Processor time of all its threads so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <exception cref="UserErrorException">The program cannot be started.</exception>
    public static EngineProcess Start(string name, string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        try
        {
            return new EngineProcess(name, Process.Start(start)!);
        }
        catch (Win32Exception error)
        {
            throw new UserErrorException(UserErrorKind.Options, program, "the built program", error.Message, "Run `dotnet build -c Release`.", error);
        }
    }

    /// <exception cref="InvalidOperationException">The process ended, or wrote something else; what it says is on standard error.</exception>
    public Round RunRound()
    {
        string? line;
        try
        {
            _process.StandardInput.WriteLine();
            _process.StandardInput.Flush();
            line = _process.StandardOutput.ReadLine();
        }
        catch (IOException)
        {
            line = null; // it no longer reads
        }

        if (line is null)
        {
            _process.WaitForExit();
            throw new InvalidOperationException($"{Name} ended with exit code {_process.ExitCode} instead of a round.");
        }

        try
        {
            var (round, engine) = Round.Parse(line);
            Name = engine ?? Name;
            return round;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidOperationException($"{Name} wrote {line} instead of a round's figures.", error);
        }
    }

    /// <summary>Ends the process: it stops when its input ends.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        const int graceMs = 10_000;
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        if (!_process.WaitForExit(graceMs))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
