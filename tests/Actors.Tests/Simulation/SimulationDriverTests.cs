using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Simulation;

public sealed class SimulationDriverTests
{
    [Fact]
    public void RunUntil_PredicateBecomesTrue_StopsAtThatTime()
    {
        var driver = new SimulationDriver();
        var ticks = 0;
        driver.Start("ticking", () => Ticking(_ => ticks++));

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
    public void RunUntil_TimersAtEqualTime_RunTheNodesInBetween()
    {
        var driver = new SimulationDriver();
        var log = new List<string>();
        foreach (var name in new[] { "a", "b" })
            driver.Start(name, () => Ticking(_ => log.Add($"{name}{driver.Time.Elapsed.TotalSeconds}")));
        driver.RunFor(TimeSpan.FromSeconds(2));

        Assert.Equal(["a1", "b1", "a2", "b2"], log);
    }

    [Fact]
    public void Run_SameSeed_IsTheSameRun()
    {
        Assert.Equal(Gossip(5), Gossip(5));
        Assert.NotEqual(Gossip(5), Gossip(6));
    }

    /// <summary>Ten nodes that pass numbers on, on timers and at once; who meets whom depends on the order alone.</summary>
    private static List<string> Gossip(ulong seed)
    {
        var driver = new SimulationDriver(seed);
        var log = new List<string>();
        driver.Observe = happened => log.Add($"{happened.Node.Name} {happened.GetType().Name}");
        var nodes = new List<SimulatedNode>();
        for (var i = 0; i < 10; i++)
            nodes.Add(driver.Start($"{i}", NewGossip));
        foreach (var node in nodes)
            node.Post(0);
        driver.RunFor(TimeSpan.FromSeconds(20));
        return log;

        ScriptedShell NewGossip() => new()
        {
            OnReceive = (host, message) =>
            {
                var number = (int)message;
                log.Add($"{driver.Time.Elapsed.TotalSeconds} {((SimulatedNode)host).Name} {number}");
                if (number % 7 == 6)
                    throw new InvalidOperationException();
                if (number < 40)
                    nodes[log.Count % nodes.Count].Post(number + 1);
                host.StartTimer("again", log.Count % 50, TimeSpan.FromSeconds(1 + (log.Count % 3)));
            },
        };
    }

    private static ScriptedShell Ticking(Action<object> tick) => new()
    {
        OnStart = host => host.StartPeriodicTimer("tick", "tick", TimeSpan.FromSeconds(1)),
        OnReceive = (_, message) => tick(message),
    };
}
