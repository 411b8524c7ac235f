using FsCheck.Fluent;

namespace SplitActors.Actors.Tests.Kernel;

public class TimerTests
{
    private readonly KernelWorld _world = new();
    private readonly List<(double Seconds, object Message)> _received = [];
    private readonly ActorRef _actor;

    public TimerTests() => _actor = _world.System.Spawn(Recording(_world, _received), "actor");

    [Fact]
    public void StartSingle_DelayPassed_DeliversOnce()
    {
        Do(context => context.Timers.StartSingle("key", "tick", TimeSpan.FromSeconds(2)));
        _world.RunFor(TimeSpan.FromSeconds(10));

        Assert.Equal([(2.0, "tick")], _received);
        Do(context => Assert.False(context.Timers.IsActive("key")));
    }

    [Fact]
    public void StartPeriodic_TimePasses_DeliversEachPeriod()
    {
        Do(context => context.Timers.StartPeriodic("key", "tick", TimeSpan.FromSeconds(2)));
        _world.RunFor(TimeSpan.FromSeconds(7));

        Assert.Equal([(2.0, "tick"), (4.0, "tick"), (6.0, "tick")], _received);
    }

    [Fact]
    public void StartPeriodic_TicksNotYetReceived_AreMerged()
    {
        Do(context => context.Timers.StartPeriodic("key", "tick", TimeSpan.FromSeconds(1)));
        _world.Time.Advance(TimeSpan.FromSeconds(5)); // without running the actor
        _world.Run();

        Assert.Single(_received);
    }

    [Fact]
    public void Cancel_MessageAlreadyInMailbox_IsNotDelivered()
    {
        Do(context => context.Timers.StartSingle("key", "tick", TimeSpan.FromSeconds(1)));
        _actor.Tell((Action<IActorContext>)(context => Assert.True(context.Timers.Cancel("key"))));
        _world.Time.Advance(TimeSpan.FromSeconds(1)); // the tick queues up behind the cancel
        _world.Run();

        Assert.Empty(_received);
        Assert.Empty(_world.Events);
    }

    [Fact]
    public void StartSingle_SameKey_ReplacesEvenIfFired()
    {
        Do(context => context.Timers.StartSingle("key", "old", TimeSpan.FromSeconds(1)));
        _actor.Tell((Action<IActorContext>)(context => context.Timers.StartSingle("key", "new", TimeSpan.FromSeconds(1))));
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        _world.RunFor(TimeSpan.FromSeconds(5));

        Assert.Equal([(2.0, "new")], _received);
    }

    [Fact]
    public void Timers_FullMailbox_AreStillDeliveredInOrder()
    {
        var received = new List<(double Seconds, object Message)>();
        var actor = _world.System.Spawn(Recording(_world, received) with { MailboxCapacity = 1 }, "small");
        actor.Tell((Action<IActorContext>)(context => context.Timers.StartSingle("key", "tick", TimeSpan.FromSeconds(1))));
        _world.Run();
        actor.Tell("before");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        actor.Tell("too much");
        _world.Run();

        Assert.Equal(["before", "tick"], received.Select(one => one.Message));
        Assert.Equal([DeadLetterReason.MailboxFull], _world.DeadLetterReasons);
    }

    [Fact]
    public void Restart_Timers_AreCancelled()
    {
        Do(context => context.Timers.StartSingle("single", "tick", TimeSpan.FromSeconds(1)));
        Do(context => context.Timers.StartPeriodic("periodic", "tick", TimeSpan.FromSeconds(1)));
        _actor.Tell((Action<IActorContext>)(_ => throw new InvalidOperationException("restart")));
        _world.Time.Advance(TimeSpan.FromSeconds(1)); // both are in the mailbox when it restarts
        _world.RunFor(TimeSpan.FromSeconds(5));

        Assert.Empty(_received);
        Assert.Null(_world.Time.NextDue);
    }

    [Fact]
    public void Stop_Timers_AreCancelledWithoutDeadLetters()
    {
        Do(context => context.Timers.StartPeriodic("periodic", "tick", TimeSpan.FromSeconds(1)));
        _world.System.Stop(_actor);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        _world.RunFor(TimeSpan.FromSeconds(5));

        Assert.Empty(_received);
        Assert.Null(_world.Time.NextDue);
        Assert.Equal(0, _world.System.DeadLetters.Count);
    }

    [Fact]
    public void StartPeriodic_ZeroPeriod_Throws() =>
        Do(context => Assert.Throws<ArgumentOutOfRangeException>(() => context.Timers.StartPeriodic("key", "tick", TimeSpan.Zero)));

    /// <summary>Random starts, cancels and pauses, against a model that keeps what is due in a dictionary.</summary>
    [Fact]
    public void Timers_RandomOperations_DeliverWhatTheModelSays()
    {
        var operation =
            from key in Gen.Choose(0, 2)
            from kind in Gen.Elements("start", "start", "cancel", "pause", "restart")
            from seconds in Gen.Choose(1, 5)
            select (key, kind, seconds);
        var inputs =
            from seed in Gen.Choose(0, int.MaxValue)
            from operations in operation.ListOf()
            select (seed, operations: operations.ToArray());

        Property.Holds(inputs, input =>
        {
            var always = new SupervisorStrategy(_ => Directive.Restart) { RestartsMax = int.MaxValue };
            var world = new KernelWorld((ulong)input.seed, options => options with { SupervisorStrategy = always });
            var received = new List<(double Seconds, object Message)>();
            var actor = world.System.Spawn(Recording(world, received), "actor");
            var due = new Dictionary<int, (double Seconds, object Message)>();
            var expected = new List<(double Seconds, object Message)>();
            for (var i = 0; i < input.operations.Length; i++)
            {
                var (key, kind, seconds) = input.operations[i];
                var message = $"operation {i}";
                switch (kind)
                {
                    case "start":
                        var delay = TimeSpan.FromSeconds(seconds);
                        actor.Tell((Action<IActorContext>)(context => context.Timers.StartSingle(key, message, delay)));
                        due[key] = (world.Time.Elapsed.TotalSeconds + seconds, message);
                        break;
                    case "cancel":
                        actor.Tell((Action<IActorContext>)(context => context.Timers.Cancel(key)));
                        due.Remove(key);
                        break;
                    case "restart":
                        actor.Tell((Action<IActorContext>)(_ => throw new InvalidOperationException()));
                        due.Clear();
                        break;
                    default:
                        Pause(seconds);
                        break;
                }

                world.Run();
            }

            Pause(10);
            return received.Order().SequenceEqual(expected.Order());

            void Pause(double seconds)
            {
                world.RunFor(TimeSpan.FromSeconds(seconds));
                foreach (var (key, tick) in due.Where(one => one.Value.Seconds <= world.Time.Elapsed.TotalSeconds).ToArray())
                {
                    expected.Add(tick);
                    due.Remove(key);
                }
            }
        });
    }

    /// <summary>Timers fire at random points of a random interleaving; a cancel that has been handled holds from then on.</summary>
    [Fact]
    public void Timers_CancelRacesFiring_NeverDeliverAfterCancel()
    {
        var inputs =
            from seed in Gen.Choose(0, int.MaxValue)
            from steps in Gen.Choose(0, 3).ListOf()
            select (seed, steps: steps.ToArray());

        Property.Holds(inputs, input =>
        {
            var world = new KernelWorld((ulong)input.seed);
            var generation = 0;
            var stale = 0;
            var actor = world.Spawn("actor", (context, message) =>
            {
                switch (message)
                {
                    case "start":
                        context.Timers.StartPeriodic("key", ++generation, TimeSpan.FromSeconds(1));
                        break;
                    case "cancel":
                        context.Timers.Cancel("key");
                        generation++;
                        break;
                    default:
                        stale += (int)message == generation ? 0 : 1;
                        break;
                }
            });
            foreach (var step in input.steps)
            {
                if (step <= 1)
                    actor.Tell(step == 0 ? "start" : "cancel");
                else if (step == 2)
                    world.Time.Advance(TimeSpan.FromSeconds(1));
                else
                    world.Dispatcher.RunOne();
            }

            world.Run();
            return stale == 0;
        });
    }

    private static Props Recording(KernelWorld world, List<(double Seconds, object Message)> received) =>
        ScriptedActor.Props((context, message) =>
        {
            if (message is Action<IActorContext> act)
                act(context);
            else
                received.Add((world.Time.Elapsed.TotalSeconds, message));
        });

    private void Do(Action<IActorContext> act)
    {
        _actor.Tell(act);
        _world.Run();
    }
}
