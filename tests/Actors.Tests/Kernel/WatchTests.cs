using FsCheck.Fluent;

namespace SplitActors.Actors.Tests.Kernel;

public class WatchTests
{
    private readonly KernelWorld _world = new();
    private readonly List<object> _received = [];
    private readonly ActorRef _target;
    private readonly ActorRef _watcher;

    public WatchTests()
    {
        _target = _world.Spawn("target", (_, _) => throw new NotSupportedException("as told"));
        _watcher = _world.Spawn("watcher", (context, message) =>
        {
            if (message is Action<IActorContext> act)
                act(context);
            else
                _received.Add(message);
        });
    }

    [Fact]
    public void Watch_TargetStops_DeliversTerminatedOnce()
    {
        Do(context => context.Watch(_target));
        Do(context => context.Watch(_target));
        Stop();
        Stop();

        Assert.Equal([new Terminated(_target, TerminationReason.Stopped)], _received);
    }

    [Fact]
    public void Watch_DeadTarget_DeliversTerminatedOncePerWatch()
    {
        Stop();
        Do(context => context.Watch(_target));
        Assert.Equal([new Terminated(_target, TerminationReason.Stopped)], _received);

        Do(context => context.Watch(_target));
        Assert.Equal(2, _received.Count);
    }

    [Fact]
    public void Watch_TargetFailsForGood_TellsReason()
    {
        Do(context => context.Watch(_target));
        for (var i = 0; i <= SupervisorStrategy.Default.RestartsMax; i++)
            _target.Tell("fail");
        _world.Run();

        Assert.Equal([new Terminated(_target, TerminationReason.Failed)], _received);
    }

    [Fact]
    public void Unwatch_BeforeStop_DeliversNothing()
    {
        Do(context => context.Watch(_target));
        Do(context => context.Unwatch(_target));
        Stop();

        Assert.Empty(_received);
    }

    [Fact]
    public void Unwatch_TerminatedOnItsWay_DeliversNothing()
    {
        Do(context => context.Watch(_target));
        _watcher.Tell((Action<IActorContext>)(context =>
        {
            // The notice goes to the system lane while this turn is under way.
            context.Stop(_target);
            context.Unwatch(_target);
        }));
        _world.Run();

        Assert.Empty(_received);
    }

    [Fact]
    public void Watch_WatcherRestarts_WatchStays()
    {
        Do(context => context.Watch(_target));
        Do(_ => throw new InvalidOperationException("restart me"));
        Stop();

        Assert.Equal([new Terminated(_target, TerminationReason.Stopped)], _received);
    }

    [Fact]
    public void Watch_WatcherIsSuspended_DeliversAfterRestart()
    {
        Do(context => context.Watch(_target));
        _world.System.Stop(_target);
        _watcher.Tell((Action<IActorContext>)(_ => throw new InvalidOperationException("restart me")));
        _world.Run();

        Assert.Equal([new Terminated(_target, TerminationReason.Stopped)], _received);
        Assert.Single(_world.Events.OfType<ActorRestarted>());
    }

    [Fact]
    public void Terminated_NameIsFree_WhenItArrives()
    {
        ActorRef? successor = null;
        var watcher = _world.Spawn("respawner", (context, message) =>
        {
            if (message is Terminated)
                successor = context.System.Spawn(ScriptedActor.Props((_, _) => { }), "target");
            else
                context.Watch(_target);
        });
        watcher.Tell("watch");
        _world.Run();
        Stop();

        Assert.Equal("/target", successor!.Path);
        Assert.Empty(_world.Events.OfType<ActorFailed>());
    }

    [Fact]
    public void Watch_RandomWatchUnwatchStop_DeliversExactlyOncePerWatch()
    {
        var inputs =
            from seed in Gen.Choose(0, int.MaxValue)
            from watches in Gen.Elements(true, false).ListOf()
            from stopAfter in Gen.Choose(0, 20)
            select (seed, watches: watches.ToArray(), stopAfter);

        Property.Holds(inputs, input =>
        {
            var world = new KernelWorld((ulong)input.seed);
            var target = world.SpawnProbe("target", []);
            var isWatched = false;
            var surplus = 0;
            var watcher = world.Spawn("watcher", (context, message) =>
            {
                if (message is Terminated)
                {
                    surplus += isWatched ? 0 : 1;
                    isWatched = false;
                    return;
                }

                isWatched = (bool)message;
                if (isWatched)
                    context.Watch(target);
                else
                    context.Unwatch(target);
            });
            var stopper = world.Spawn("stopper", (context, message) =>
            {
                if ((int)message == 0)
                    context.Stop(target);
                else
                    context.Self.Tell((int)message - 1);
            });
            stopper.Tell(input.stopAfter);
            foreach (var watch in input.watches)
                watcher.Tell(watch);
            world.Run();
            return surplus == 0 && !isWatched;
        });
    }

    private void Do(Action<IActorContext> act)
    {
        _watcher.Tell(act);
        _world.Run();
    }

    private void Stop()
    {
        _world.System.Stop(_target);
        _world.Run();
    }
}
