
namespace SplitActors.Actors.Tests.Kernel;

public class AskTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly KernelWorld _world = new();

    [Fact]
    public async Task Ask_Answered_CompletesAndReleasesTimer()
    {
        var task = Echo().AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.Equal("hello", await task);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public async Task Ask_MessageWithReplyTo_Completes()
    {
        var actor = _world.Spawn("actor", (_, message) => ((ActorRef)message).Tell(7));
        var task = actor.AskAsync<int>(replyTo => replyTo, Timeout);
        _world.Run();

        Assert.Equal(7, await task);
    }

    [Fact]
    public void Ask_NoAnswer_TimesOutOnTheInjectedClock()
    {
        var task = _world.SpawnProbe("silent", []).AskAsync<string>("hello", Timeout);
        _world.RunFor(Timeout - TimeSpan.FromTicks(1));
        Assert.False(task.IsCompleted);
        _world.RunFor(TimeSpan.FromTicks(1));

        Assert.IsType<AskTimeoutException>(task.Exception!.InnerException);
    }

    [Fact]
    public void Ask_AnswerAfterTimeout_IsDeadLetter()
    {
        ActorRef? asker = null;
        var task = _world.Spawn("slow", (context, _) => asker = context.Sender).AskAsync<string>("hello", Timeout);
        _world.RunFor(Timeout);
        asker!.Tell("late");

        Assert.True(task.IsFaulted);
        Assert.Equal([DeadLetterReason.AskCompleted], _world.DeadLetterReasons);
    }

    [Fact]
    public void Ask_FullMailbox_FailsAtOnce()
    {
        var actor = _world.SpawnProbe("small", [], mailboxCapacity: 1);
        actor.Tell("fills it");
        var task = actor.AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.Equal(DeadLetterReason.MailboxFull, Assert.IsType<AskRejectedException>(task.Exception!.InnerException).Rejection.Reason);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public void Ask_StoppedTarget_FailsAtOnce()
    {
        var actor = _world.SpawnProbe("gone", []);
        _world.System.Stop(actor);
        _world.Run();
        var task = actor.AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.IsType<AskTerminatedException>(task.Exception!.InnerException);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public void Ask_TargetStopsInsteadOfAnswering_FailsAtOnce()
    {
        var task = _world.Spawn("quitter", (context, _) => context.Stop(context.Self)).AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.IsType<AskTerminatedException>(task.Exception!.InnerException);
    }

    [Fact]
    public async Task Ask_TargetAnswersAndStops_Completes()
    {
        var actor = _world.Spawn("last", (context, message) =>
        {
            context.Sender.Tell(message, context.Self);
            context.Stop(context.Self);
        });
        var task = actor.AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.Equal("hello", await task);
    }

    [Fact]
    public void Ask_AnswerOfOtherType_Fails()
    {
        var task = Echo().AskAsync<int>("hello", Timeout);
        _world.Run();

        Assert.Equal("hello", Assert.IsType<AskResponseTypeException>(task.Exception!.InnerException).Response);
    }

    [Fact]
    public void Ask_FailureAnswer_FailsWithItsCause()
    {
        var actor = _world.Spawn("actor", (context, _) => context.Sender.Tell(new Failure(new NotSupportedException())));
        var task = actor.AskAsync<string>("hello", Timeout);
        _world.Run();

        Assert.IsType<NotSupportedException>(task.Exception!.InnerException);
    }

    [Fact]
    public void Ask_Cancelled_IsCanceledAndReleasesTimer()
    {
        using var cancellation = new CancellationTokenSource();
        var task = _world.SpawnProbe("silent", []).AskAsync<string>("hello", Timeout, cancellation.Token);
        _world.Run();
        cancellation.Cancel();
        _world.Run();

        Assert.True(task.IsCanceled);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public void Ask_TokenCancelledBefore_SendsNothing()
    {
        var received = new List<object>();
        var task = _world.SpawnProbe("probe", received).AskAsync<string>("hello", Timeout, new CancellationToken(canceled: true));
        _world.Run();

        Assert.True(task.IsCanceled);
        Assert.Empty(received);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public void Ask_Continuation_RunsOnTheDispatcherAfterTheAnsweringTurn()
    {
        var log = new List<string>();
        var actor = _world.Spawn("actor", (context, message) =>
        {
            context.Sender.Tell(message, context.Self);
            log.Add("turn ends");
        });
        _ = actor.AskAsync<string>("hello", Timeout).ContinueWith(
            _ => log.Add("continued"), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _world.Run();

        Assert.Equal(["turn ends", "continued"], log);
    }

    /// <summary>Asks of an actor that lives on must not pile up in it.</summary>
    [Fact]
    public void Ask_Completed_IsCollectable()
    {
        var echo = Echo();
        var references = Enumerable.Range(0, 20).Select(_ => AskAndForget(echo)).ToArray();
        _world.SpawnProbe("other", []).Tell("takes the place of the last sender");
        _world.Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        // The channels' ring buffers may hold on to the few slots that were read last.
        Assert.True(references.Count(reference => reference.IsAlive) <= 1);
        GC.KeepAlive(echo);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private WeakReference AskAndForget(ActorRef actor)
    {
        ActorRef? asker = null;
        var task = actor.AskAsync<string>(replyTo =>
        {
            asker = replyTo;
            return "hello";
        }, Timeout);
        _world.Run();
        Assert.True(task.IsCompletedSuccessfully);
        return new WeakReference(asker);
    }

    private ActorRef Echo() => _world.Spawn("echo", (context, message) => context.Sender.Tell(message, context.Self));
}
