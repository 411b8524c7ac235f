using System.Runtime.InteropServices;

namespace SplitActors.Hosts.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation; a second one ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    public Interruption()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Of a process that was asked to end.</summary>
    public int ExitCode { get; private set; } = Hosts.ExitCode.Interrupted;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = Interlocked.Increment(ref _count) == 1;
        if (!context.Cancel)
            return;
        ExitCode = context.Signal == PosixSignal.SIGTERM ? Hosts.ExitCode.Terminated : Hosts.ExitCode.Interrupted;
        _source.Cancel();
    }
}
