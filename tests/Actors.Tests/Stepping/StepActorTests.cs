using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Tests.Stepping;

/// <summary>Real actors in virtual time: what a shell may ask of its actor, and what becomes of it when it fails.</summary>
public sealed class StepActorTests : TestKit
{
    private static readonly Config VirtualTime = ConfigurationFactory.ParseString(
        """akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """).WithFallback(ActorSettings.Local);

    private readonly ComputeLanes _lanes = new();
    private readonly List<Exception> _failures = [];
    private int _startCount;
    private int _stopCount;

    public StepActorTests()
        : base(VirtualTime)
    {
    }

    private TestScheduler Time => (TestScheduler)Sys.Scheduler;

    [Fact]
    public void Timer_ComesWhenItIsDue_AndOnce()
    {
        var actor = Start((host, _) => host.StartTimer("t", "due", TimeSpan.FromSeconds(2)), reports: ["due"]);
        actor.Tell("go");
        ExpectQuiet(actor);
        Time.Advance(TimeSpan.FromSeconds(1.9));
        ExpectQuiet(actor);
        Time.Advance(TimeSpan.FromSeconds(0.2));

        ExpectMsg("due");
        Time.Advance(TimeSpan.FromSeconds(10));
        ExpectQuiet(actor);
    }

    [Fact]
    public void Timer_Replaced_BringsOnlyTheNewMessage()
    {
        var actor = Start(
            (host, message) => host.StartTimer("t", message is "first" ? "early" : "late", TimeSpan.FromSeconds(message is "first" ? 1 : 2)), reports: ["early", "late"]);
        actor.Tell("first");
        actor.Tell("second");
        ExpectQuiet(actor);
        Time.Advance(TimeSpan.FromSeconds(3));

        ExpectMsg("late");
        ExpectQuiet(actor);
    }

    [Fact]
    public void Timer_Cancelled_NeverComes()
    {
        var actor = Start(
            (host, message) =>
            {
                if (message is "start")
                    host.StartTimer("t", "due", TimeSpan.FromSeconds(1));
                else
                    host.CancelTimer("t");
            },
            reports: ["due"]);
        actor.Tell("start");
        actor.Tell("cancel");
        ExpectQuiet(actor);
        Time.Advance(TimeSpan.FromSeconds(5));

        ExpectQuiet(actor);
    }

    [Fact]
    public void PeriodicTimer_ComesAgainAndAgain()
    {
        var actor = Start((host, _) => host.StartPeriodicTimer("t", "tick", TimeSpan.FromSeconds(1)), reports: ["tick"]);
        actor.Tell("go");
        ExpectQuiet(actor);
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            ExpectMsg("tick");
        }
    }

    [Fact]
    public void Now_IsTheSchedulersTimeSinceTheStart()
    {
        Time.Advance(TimeSpan.FromHours(1));
        var actor = Start((host, _) => TestActor.Tell(host.Now));
        actor.Tell("go");
        ExpectMsg(TimeSpan.Zero);
        Time.Advance(TimeSpan.FromSeconds(7));
        actor.Tell("go");

        ExpectMsg(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public void Compute_BringsItsResultInOrder_OnAnotherThread()
    {
        var own = 0;
        var threads = new List<int>();
        var actor = Start(
            (host, message) =>
            {
                own = Environment.CurrentManagedThreadId;
                host.Compute(() => Note(threads, $"result of {message}"));
            },
            reports: ["result of 1", "result of 2"]);
        actor.Tell(1);
        actor.Tell(2);

        ExpectMsg("result of 1");
        ExpectMsg("result of 2");
        Assert.DoesNotContain(own, threads);
        Assert.Single(threads.Distinct());
    }

    [Fact]
    public void Compute_ThatThrows_BringsWorkFailed_AndNoRestart()
    {
        var actor = Start(
            (host, message) =>
            {
                if (message is WorkFailed failed)
                    TestActor.Tell(failed.Cause.Message);
                else
                    host.Compute(() => throw new InvalidOperationException("too big"));
            });
        actor.Tell("go");

        ExpectMsg("too big");
        Assert.Equal((1, 0), (_startCount, _stopCount));
    }

    [Fact]
    public void Load_RunsBesideAComputationThatLasts()
    {
        using var gate = new ManualResetEventSlim();
        var actor = Start(
            (host, _) =>
            {
                host.Compute(() => Wait(gate, "computed"));
                host.Load(() => "loaded");
            },
            reports: ["computed", "loaded"]);
        actor.Tell("go");

        ExpectMsg("loaded");
        gate.Set();
        ExpectMsg("computed");
    }

    [Fact]
    public void Compute_BeyondItsBound_IsAFault()
    {
        using var gate = new ManualResetEventSlim();
        var actor = Start(
            (host, _) =>
            {
                for (var i = 0; i < ComputeLane.WorksMax + 2; i++)
                    host.Compute(() => Wait(gate, "done"));
            });
        actor.Tell("go");

        AwaitCondition(() => _failures.Count == 1);
        gate.Set();
        Assert.Contains($"{ComputeLane.WorksMax} works", _failures[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_ReplacesTheShell_AndDropsTheMessage()
    {
        var actor = Start((_, message) => TestActor.Tell(message is "bad" ? throw new InvalidOperationException("bad") : message));
        actor.Tell("bad");
        actor.Tell("good");

        ExpectMsg("good");
        Assert.Equal((2, 1), (_startCount, _stopCount));
        Assert.Equal("bad", Assert.Single(_failures).Message);
    }

    [Fact]
    public void LateResult_OfAnEarlierShell_ReachesNobody()
    {
        using var gate = new ManualResetEventSlim();
        var actor = Start(
            (host, message) =>
            {
                if (message is "compute")
                    host.Compute(() => Wait(gate, "late"));
                else if (message is "bad")
                    throw new InvalidOperationException("bad");
                else
                    TestActor.Tell(message);
            });
        actor.Tell("compute");
        actor.Tell("bad");
        actor.Tell("after");
        ExpectMsg("after");
        gate.Set();
        actor.Tell("compute");

        ExpectMsg("late"); // of the second computation: the first one's came before it, and was dropped
        ExpectQuiet(actor);
    }

    [Fact]
    public void Timers_OfAnEarlierShell_ReachNobody()
    {
        var actor = Start(
            (host, message) =>
            {
                if (message is "bad")
                    throw new InvalidOperationException("bad");
                if (message is "start")
                    host.StartTimer("t", "due", TimeSpan.FromSeconds(1));
            },
            reports: ["due"]);
        actor.Tell("start");
        actor.Tell("bad");
        ExpectQuiet(actor);
        Time.Advance(TimeSpan.FromSeconds(5));

        ExpectQuiet(actor);
    }

    [Fact]
    public void Failures_BeyondTheLimit_StopTheActor()
    {
        var actor = Start((_, _) => throw new InvalidOperationException("bad"));
        Watch(actor);
        for (var i = 0; i <= RestartLimits.RestartsMax; i++)
            actor.Tell("go");

        ExpectTerminated(actor);
        Assert.Equal(RestartLimits.RestartsMax + 1, _startCount);
        Assert.Equal(_startCount, _stopCount);
    }

    [Fact]
    public void FailureToStart_IsAFailureToo()
    {
        var isFirst = true;
        var actor = Start((_, message) => TestActor.Tell(message), onStart: () =>
        {
            (var first, isFirst) = (isFirst, false);
            if (first)
                throw new InvalidOperationException("not yet");
        });
        actor.Tell("hello");

        ExpectMsg("hello");
        Assert.Equal(1, _stopCount);
    }

    [Fact]
    public async Task Stop_LetsWhatWasBegunEnd_AndDrainWaitsForIt()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var isDone = false;
        var actor = Start((host, _) =>
        {
            host.Compute(() =>
            {
                begun.Set();
                gate.Wait();
                return isDone = true;
            });
            host.Stop();
        });
        Watch(actor);
        actor.Tell("go");
        ExpectTerminated(actor);
        begun.Wait();
        var drained = _lanes.DrainAsync();
        Assert.False(drained.IsCompleted);
        gate.Set();
        await drained;

        Assert.True(isDone);
        Assert.Equal((1, 1), (_startCount, _stopCount));
    }

    private static string Note(List<int> threads, string result)
    {
        lock (threads)
            threads.Add(Environment.CurrentManagedThreadId);
        return result;
    }

    private static string Wait(ManualResetEventSlim gate, string result)
    {
        gate.Wait();
        return result;
    }

    /// <summary>Nothing is on its way to the test: the actor has handled all that it was sent.</summary>
    private void ExpectQuiet(IActorRef actor)
    {
        actor.Tell(new Identify("quiet"));
        ExpectMsg<ActorIdentity>();
    }

    /// <param name="receive">What the shell does; it hands on what <paramref name="reports"/> names.</param>
    private IActorRef Start(Action<IStepHost, object> receive, string[]? reports = null, Action? onStart = null)
    {
        return Sys.ActorOf(ActorProps.Of(() => new ScriptedActor(NewShell, _lanes)));

        ScriptedShell NewShell() => new()
        {
            OnStart = _ =>
            {
                _startCount++;
                onStart?.Invoke();
            },
            OnReceive = (host, message) =>
            {
                if (message is string text && reports?.Contains(text, StringComparer.Ordinal) == true)
                    TestActor.Tell(message);
                else
                    receive(host, message);
            },
            OnFail = _failures.Add,
            OnStop = () => _stopCount++,
        };
    }

    private sealed class ScriptedActor(Func<IStepShell> shell, ComputeLanes lanes) : StepActor(shell, lanes);
}
