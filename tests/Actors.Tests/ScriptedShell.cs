using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Tests;

/// <summary>A shell that does what a test says.</summary>
internal sealed class ScriptedShell : IStepShell
{
    private IStepHost? _host;

    public Action<IStepHost>? OnStart { get; init; }

    public Action<IStepHost, object>? OnReceive { get; init; }

    public Action<Exception>? OnFail { get; init; }

    public Action? OnStop { get; init; }

    public void Start(IStepHost host)
    {
        _host = host;
        OnStart?.Invoke(host);
    }

    public void Receive(object message) => OnReceive?.Invoke(_host!, message);

    public void Fail(Exception reason) => OnFail?.Invoke(reason);

    public void Stop() => OnStop?.Invoke();
}
