using SplitActors.Actors.Simulation;
using SplitActors.Actors.Tests.Kernel;

namespace SplitActors.Actors.Tests.Simulation;

public class SimulationDriverTests
{
    [Fact]
    public void RunUntil_PredicateBecomesTrue_StopsAtThatTime()
    {
        var driver = new SimulationDriver();
        var system = new ActorSystem(driver.Options);
        var ticks = 0;
        system.Spawn(Ticking(_ => ticks++), "ticking");

        Assert.True(driver.RunUntil(() => ticks == 3, TimeSpan.FromHours(1)));
        Assert.Equal(TimeSpan.FromSeconds(3), driver.Time.Elapsed);
    }

    [Fact]
    public void RunUntil_TimeLimit_ReturnsFalseAtTheLimit()
    {
        var driver = new SimulationDriver();
        Assert.False(driver.RunUntil(() => false, TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.FromSeconds(5), driver.Time.Elapsed);
    }

    [Fact]
    public void RunUntil_TimersAtEqualTime_RunTheActorsInBetween()
    {
        var driver = new SimulationDriver();
        var system = new ActorSystem(driver.Options);
        var log = new List<string>();
        foreach (var name in new[] { "a", "b" })
            system.Spawn(Ticking(_ => log.Add($"{name}{driver.Time.Elapsed.TotalSeconds}")), name);
        driver.RunFor(TimeSpan.FromSeconds(2));

        Assert.Equal(["a1", "b1", "a2", "b2"], log);
    }

    [Fact]
    public void Run_SameSeed_IsTheSameRun()
    {
        Assert.Equal(Gossip(5), Gossip(5));
        Assert.NotEqual(Gossip(5), Gossip(6));
    }

    /// <summary>Ten actors that pass numbers on, on timers and at once; who meets whom depends on the order alone.</summary>
    private static List<string> Gossip(ulong seed)
    {
        var driver = new SimulationDriver(seed);
        var log = new List<string>();
        void Note(KernelEvent happened) => log.Add($"{happened.Actor.Path} {happened.GetType().Name}");
        var system = new ActorSystem(driver.Options with { EventSink = Note });
        var actors = new List<ActorRef>();
        for (var i = 0; i < 10; i++)
        {
            actors.Add(system.Spawn(ScriptedActor.Props((context, message) =>
            {
                var number = (int)message;
                log.Add($"{driver.Time.Elapsed.TotalSeconds} {context.Self.Path} {number}");
                if (number % 7 == 6)
                    throw new InvalidOperationException();
                if (number < 40)
                    actors[log.Count % actors.Count].Tell(number + 1, context.Self);
                context.Timers.StartSingle("again", log.Count % 50, TimeSpan.FromSeconds(1 + (log.Count % 3)));
            }), $"{i}"));
        }

        foreach (var actor in actors)
            actor.Tell(0);
        driver.RunFor(TimeSpan.FromSeconds(20));
        return log;
    }

    private static Props Ticking(Action<object> tick) => new(() => new ScriptedActor
    {
        OnPreStart = context => context.Timers.StartPeriodic("tick", "tick", TimeSpan.FromSeconds(1)),
        OnReceive = (_, message) => tick(message),
    });
}
