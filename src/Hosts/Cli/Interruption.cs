using System.Runtime.InteropServices;

namespace SplitActors.Hosts.Cli;

/// <summary>Turns the first Ctrl-C, SIGTERM, or SIGHUP of a terminal that closes, into a cancellation; a second one ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    public Interruption()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
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
        ExitCode = context.Signal switch
        {
            PosixSignal.SIGTERM => Hosts.ExitCode.Terminated,
            PosixSignal.SIGHUP => Hosts.ExitCode.HungUp,
            _ => Hosts.ExitCode.Interrupted,
        };
        _source.Cancel();
    }
}
