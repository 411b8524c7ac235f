using SplitActors.Actors.Kernel;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Serving;

/// <summary>What all actors of a process share: their system on the thread pool, the clock, and the threads that compute.</summary>
internal sealed class NodeRuntime : IAsyncDisposable
{
    private readonly DrainingDispatcher _dispatcher = new();
    private readonly Action<string> _report;
    private readonly List<ITimer> _timers = [];

    /// <param name="threadCount">That compute.</param>
    /// <param name="clock">Runs timers and measures.</param>
    /// <param name="report">Told of failures inside, in a sentence each, from any thread.</param>
    public NodeRuntime(int threadCount, TimeProvider clock, Action<string> report)
    {
        _report = report;
        Threads = new ComputeThreads(threadCount);
        System = new ActorSystem(new ActorSystemOptions { Dispatcher = _dispatcher, TimeProvider = clock, EventSink = Report });
    }

    public ActorSystem System { get; }

    public ComputeThreads Threads { get; }

    public TimeProvider Clock => System.TimeProvider;

    public void Warn(string message) => _report(message);

    /// <summary>Does something now and then, on the thread pool, as long as the process serves.</summary>
    public void Repeat(Action action, TimeSpan period) => _timers.Add(Clock.CreateTimer(_ => action(), state: null, period, period));

    /// <summary>Completes when the actor has stopped, whyever.</summary>
    public Task Ended(ActorRef actor)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        System.Spawn(new Props(() => new EndWatch(actor, ended)), $"end-of{actor.Path.Replace('/', '-')}");
        return ended.Task;
    }

    /// <summary>Stops all actors and waits for the computation that runs, if any.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var timer in _timers)
            await timer.DisposeAsync();
        await System.DisposeAsync();
        await _dispatcher.DrainAsync();
        Threads.Dispose();
    }

    private void Report(KernelEvent kernelEvent)
    {
        if (kernelEvent is ActorFailed failed)
            _report($"{failed.Actor.Path} failed: {failed.Cause.Message}");
        else if (kernelEvent is HookFailed hook)
            _report($"{hook.Actor.Path} failed in {hook.Hook}: {hook.Cause.Message}");
    }

    private sealed class EndWatch(ActorRef watched, TaskCompletionSource ended) : Actor
    {
        protected override void PreStart() => Context.Watch(watched);

        protected override void Receive(object message)
        {
            if (message is not Terminated)
                return;
            ended.TrySetResult();
            Context.Stop(Context.Self);
        }
    }
}
