using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Simulation;

public class SimulationDispatcherTests
{
    [Fact]
    public void RunUntilIdle_NoSeed_RunsInOrderOfReadiness() => Assert.Equal(Enumerable.Range(0, 20), RunTwenty(seed: null));

    [Fact]
    public void RunUntilIdle_SameSeed_RunsInSameOrder()
    {
        Assert.Equal(RunTwenty(1), RunTwenty(1));
        Assert.NotEqual(RunTwenty(1), RunTwenty(2));
        Assert.Equal(Enumerable.Range(0, 20), RunTwenty(1).Order());
    }

    [Fact]
    public void RunUntilIdle_ItemMakesAnotherReady_RunsThatToo()
    {
        var dispatcher = new SimulationDispatcher();
        var ran = new List<string>();
        dispatcher.Execute(new Work(() =>
        {
            dispatcher.Execute(new Work(() => ran.Add("second")));
            ran.Add("first");
        }));
        dispatcher.RunUntilIdle();

        Assert.Equal(["first", "second"], ran);
        Assert.Equal(0, dispatcher.ReadyCount);
        Assert.Equal(2, dispatcher.StepCount);
    }

    [Fact]
    public void RunOne_WithinAnItem_Throws()
    {
        var dispatcher = new SimulationDispatcher();
        dispatcher.Execute(new Work(() => dispatcher.RunOne()));
        Assert.Throws<InvalidOperationException>(() => dispatcher.RunOne());
    }

    private static List<int> RunTwenty(ulong? seed)
    {
        var dispatcher = new SimulationDispatcher(seed);
        var ran = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            var number = i;
            dispatcher.Execute(new Work(() => ran.Add(number)));
        }

        dispatcher.RunUntilIdle();
        return ran;
    }

    private sealed class Work(Action act) : IThreadPoolWorkItem
    {
        public void Execute() => act();
    }
}
