
namespace SplitActors.Actors.Tests.Kernel;

public class SupervisionTests
{
    private readonly List<string> _log = [];
    private int _instances;

    [Fact]
    public void Failure_Resume_KeepsStateAndDropsMessage()
    {
        var world = Supervised(Directive.Resume);
        var actor = world.System.Spawn(Counting(), "counter");
        Tell(world, actor, 1, "fail", 2);

        Assert.Equal(["start 1", "1: 1", "1: 3"], _log);
        var failed = Assert.Single(world.Events.OfType<ActorFailed>());
        Assert.Equal((object)"fail", failed.Message);
        Assert.Equal(Directive.Resume, failed.Directive);
    }

    [Fact]
    public void Failure_Restart_KeepsRefAndMailboxWithNewInstance()
    {
        var world = Supervised(Directive.Restart);
        var actor = world.System.Spawn(Counting(), "counter");
        Tell(world, actor, 1, "fail", 2);

        Assert.Equal(["start 1", "1: 1", "restarting 1: fail", "stop 1", "start 2", "2: 2"], _log);
        Assert.Same(actor, Assert.Single(world.Events.OfType<ActorRestarted>()).Actor);
    }

    [Fact]
    public void Failure_Stop_StopsAndDeadLettersTheRest()
    {
        var world = Supervised(Directive.Stop);
        var actor = world.System.Spawn(Counting(), "counter");
        Tell(world, actor, 1, "fail", 2);

        Assert.Equal(["start 1", "1: 1", "stop 1"], _log);
        Assert.Equal([DeadLetterReason.TargetStopped], world.DeadLetterReasons);
        Assert.Equal(TerminationReason.Failed, Assert.Single(world.Events.OfType<ActorStopped>()).Reason);
    }

    [Fact]
    public void Default_TooManyRestartsInAMinute_Stops()
    {
        var world = new KernelWorld();
        var actor = world.System.Spawn(Counting(), "counter");
        Tell(world, actor, [.. Enumerable.Repeat<object>("fail", 11)]);

        Assert.Equal(10, world.Events.OfType<ActorRestarted>().Count());
        Assert.Equal(Directive.Stop, world.Events.OfType<ActorFailed>().Last().Directive);
    }

    [Fact]
    public void Default_RestartsSpreadOverTime_NeverStops()
    {
        var world = new KernelWorld();
        var actor = world.System.Spawn(Counting(), "counter");
        for (var i = 0; i < 40; i++)
        {
            Tell(world, actor, "fail");
            world.RunFor(TimeSpan.FromSeconds(6));
        }

        Assert.Equal(40, world.Events.OfType<ActorRestarted>().Count());
        Assert.Empty(world.Events.OfType<ActorStopped>());
    }

    [Fact]
    public void RestartWindow_Slides_WithTheInjectedClock()
    {
        var world = Supervised(new SupervisorStrategy(_ => Directive.Restart) { RestartsMax = 2, Window = TimeSpan.FromSeconds(10) });
        var actor = world.System.Spawn(Counting(), "counter");
        Tell(world, actor, "fail"); // 0 s
        world.RunFor(TimeSpan.FromSeconds(9));
        Tell(world, actor, "fail"); // 9 s
        world.RunFor(TimeSpan.FromSeconds(1));
        Tell(world, actor, "fail"); // 10 s: the first is out of the window
        Assert.Empty(world.Events.OfType<ActorStopped>());
        Tell(world, actor, "fail"); // 10 s: 9 s and 10 s are in it
        Assert.Single(world.Events.OfType<ActorStopped>());
    }

    [Fact]
    public void Restart_Children_AreStoppedFirst()
    {
        var world = new KernelWorld();
        var parent = world.System.Spawn(
            new Props(() => new ScriptedActor
            {
                OnPreStart = context => context.Spawn(
                    new Props(() => new ScriptedActor { OnReceive = (_, _) => { }, OnPostStop = _ => _log.Add("child stopped") }), "child"),
                OnPreRestart = (_, _, _) => _log.Add("parent restarts"),
                OnReceive = (_, _) => throw new InvalidOperationException(),
                OnPostStop = context => _log.Add($"parent retires with {context.Children.Count} children"),
            }),
            "parent");
        Tell(world, parent, "fail");

        Assert.Equal(["parent restarts", "child stopped", "parent retires with 0 children"], _log);
        Assert.Single(world.Events.OfType<ActorRestarted>());
    }

    [Fact]
    public void PreStart_Throws_IsSupervisedWithinLimits()
    {
        var world = Supervised(Directive.Resume); // nothing to resume: counts as a restart
        world.System.Spawn(
            new Props(() => new ScriptedActor
            {
                OnReceive = (_, _) => { },
                OnPreStart = _ => throw new InvalidOperationException($"start {++_instances}"),
                OnPostStop = _ => _log.Add("stop"),
            }),
            "broken");
        world.Run();

        Assert.Equal(11, _instances);
        Assert.Equal(11, _log.Count);
        Assert.All(world.Events.OfType<ActorFailed>(), failed => Assert.Null(failed.Message));
        Assert.Single(world.Events.OfType<ActorStopped>());
    }

    [Fact]
    public void PreStart_ThrowsOnce_MessagesWaitForTheNextInstance()
    {
        var world = new KernelWorld();
        var actor = world.System.Spawn(
            new Props(() => new ScriptedActor
            {
                OnReceive = (_, message) => _log.Add($"{message}"),
                OnPreStart = _ =>
                {
                    if (++_instances == 1)
                        throw new InvalidOperationException();
                },
            }),
            "late");
        Tell(world, actor, 1, 2);

        Assert.Equal(["1", "2"], _log);
    }

    [Fact]
    public void Factory_ReturnsSameInstanceAgain_FailsTheRestart()
    {
        var world = new KernelWorld();
        var single = new ScriptedActor { OnReceive = (_, _) => throw new InvalidOperationException("fail") };
        Tell(world, world.System.Spawn(new Props(() => single), "single"), "fail");

        Assert.Contains(world.Events.OfType<ActorFailed>(), failed => failed.Cause.Message.Contains("factory", StringComparison.Ordinal));
        Assert.Single(world.Events.OfType<ActorStopped>());
    }

    [Fact]
    public void PreRestart_Throws_IsReportedAndRestartGoesOn()
    {
        var world = new KernelWorld();
        var actor = world.System.Spawn(
            new Props(() => new ScriptedActor
            {
                OnReceive = (_, message) => throw new InvalidOperationException($"{message}"),
                OnPreRestart = (_, _, _) => throw new NotSupportedException(),
            }),
            "actor");
        Tell(world, actor, "fail");

        Assert.IsType<NotSupportedException>(Assert.Single(world.Events.OfType<HookFailed>()).Cause);
        Assert.Single(world.Events.OfType<ActorRestarted>());
    }

    [Theory]
    [InlineData(Directive.Resume)]
    [InlineData(Directive.Restart)]
    [InlineData(Directive.Stop)]
    public void Escalate_FailsTheParent_WhoseVerdictTheChildShares(Directive verdict)
    {
        var world = Supervised(verdict);
        ActorRef? child = null;
        var parent = world.System.Spawn(
            ScriptedActor.Props((context, message) => child = context.Spawn(Counting(), $"{message}"))
                with
            { SupervisorStrategy = new SupervisorStrategy(_ => Directive.Escalate) },
            "parent");
        Tell(world, parent, "child");
        Tell(world, child!, 1, "fail", 2);

        var directives = world.Events.OfType<ActorFailed>().Select(failed => (failed.Actor.Path, failed.Directive));
        switch (verdict)
        {
            case Directive.Resume:
                Assert.Equal([("/parent/child", Directive.Escalate), ("/parent", verdict), ("/parent/child", verdict)], directives);
                Assert.Equal(["start 1", "1: 1", "1: 3"], _log);
                break;
            default:
                Assert.Equal([("/parent/child", Directive.Escalate), ("/parent", verdict)], directives);
                Assert.Equal(["start 1", "1: 1", "stop 1"], _log);
                break;
        }
    }

    [Fact]
    public void Escalate_AboveTopLevel_Stops()
    {
        var world = Supervised(Directive.Escalate);
        Tell(world, world.System.Spawn(Counting(), "counter"), "fail");

        Assert.Equal(Directive.Stop, Assert.Single(world.Events.OfType<ActorFailed>()).Directive);
    }

    [Fact]
    public void Decide_Throws_Escalates()
    {
        var world = Supervised(new SupervisorStrategy(_ => throw new NotSupportedException("undecided")));
        Tell(world, world.System.Spawn(Counting(), "counter"), "fail");

        var failed = Assert.Single(world.Events.OfType<ActorFailed>());
        Assert.Equal(2, Assert.IsType<AggregateException>(failed.Cause).InnerExceptions.Count);
        Assert.Equal(Directive.Stop, failed.Directive);
    }

    [Fact]
    public void Stop_WhileRestartWaitsForChildren_Stops()
    {
        var world = new KernelWorld();
        ActorRef? parent = null;
        parent = world.System.Spawn(
            new Props(() => new ScriptedActor
            {
                OnPreStart = context => context.Spawn(ScriptedActor.Props((_, _) => { }), "child"),
                OnReceive = (_, _) => throw new InvalidOperationException(),
                OnPreRestart = (context, _, _) => context.Stop(parent!),
                OnPostStop = _ => _log.Add("stop"),
            }),
            "parent");
        Tell(world, parent, "fail");

        Assert.Equal(["stop"], _log);
        Assert.Empty(world.Events.OfType<ActorRestarted>());
        Assert.Equal(2, world.Events.OfType<ActorStopped>().Count());
    }

    private static KernelWorld Supervised(Directive directive) => Supervised(new SupervisorStrategy(_ => directive));

    private static KernelWorld Supervised(SupervisorStrategy strategy) =>
        new(configure: options => options with { SupervisorStrategy = strategy });

    private static void Tell(KernelWorld world, ActorRef actor, params object[] messages)
    {
        foreach (var message in messages)
            actor.Tell(message);
        world.Run();
    }

    /// <summary>Logs its instance number and the sum of the numbers that it received.</summary>
    private Props Counting() => new(() =>
    {
        var instance = ++_instances;
        var sum = 0;
        return new ScriptedActor
        {
            OnPreStart = _ => _log.Add($"start {instance}"),
            OnReceive = (_, message) =>
            {
                sum += message is int number ? number : throw new InvalidOperationException($"{message}");
                _log.Add($"{instance}: {sum}");
            },
            OnPreRestart = (_, _, message) => _log.Add($"restarting {instance}: {message}"),
            OnPostStop = _ => _log.Add($"stop {instance}"),
        };
    });
}
