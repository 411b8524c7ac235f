using Akka.Actor;
using SplitActors.Actors.Stepping;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Serving;

/// <summary>What all actors of a process share: their system, the clock, and the threads that compute.</summary>
internal sealed class NodeRuntime : IAsyncDisposable
{
    private const string SystemName = "splitactors";

    private readonly Action<string> _report;
    private readonly List<ITimer> _timers = [];
    private readonly Lazy<ActorSystem> _system;

    /// <param name="threadCount">That compute.</param>
    /// <param name="clock">Runs timers and measures.</param>
    /// <param name="report">Told of failures inside, in a sentence each, from any thread.</param>
    public NodeRuntime(int threadCount, TimeProvider clock, Action<string> report)
    {
        (_report, Clock) = (report, clock);
        Threads = new ComputeThreads(threadCount);
        _system = new Lazy<ActorSystem>(() =>
        {
            var system = ActorSystem.Create(SystemName, ActorSettings.Local);
            system.ReportFailures(report);
            return system;
        });
    }

    /// <summary>Of this process alone; made when it is first asked for.</summary>
    public ActorSystem System => _system.Value;

    public ComputeThreads Threads { get; }

    /// <summary>On which actors compute.</summary>
    public ComputeLanes Lanes { get; } = new();

    public TimeProvider Clock { get; }

    public void Warn(string message) => _report(message);

    /// <summary>Does something now and then, on the thread pool, as long as the process serves.</summary>
    public void Repeat(Action action, TimeSpan period) => _timers.Add(Clock.CreateTimer(_ => action(), state: null, period, period));

    /// <summary>Stops all actors and waits for the computation that runs, if any.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var timer in _timers)
            await timer.DisposeAsync();
        if (_system.IsValueCreated)
            await System.Terminate();
        await Lanes.DrainAsync();
        Threads.Dispose();
    }
}
