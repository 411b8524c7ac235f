using SplitActors.Inference.Memory;

namespace SplitActors.Inference.Tests.Memory;

public sealed class MemoryBudgetTests
{
    [Fact]
    public void TryTake_MoreThanIsLeft_TakesNothing()
    {
        var budget = new MemoryBudget();
        Assert.True(budget.TryTake(60, availableBytes: 100));
        Assert.False(budget.TryTake(41, availableBytes: 100));
        Assert.False(budget.TryTake(long.MaxValue, availableBytes: 100));
        Assert.True(budget.TryTake(40, availableBytes: 100));
        budget.GiveBack(60);
        Assert.Equal(40, budget.InUseBytes);
    }

    /// <summary>Two who ask for the last bytes at the same time: first looking and then taking gave them to both.</summary>
    [Fact]
    public void TryTake_TwoThreadsForTheLastBytes_GivesThemToOne()
    {
        const int RoundCount = 100_000, Available = 100, Wanted = 60;
        var budget = new MemoryBudget();
        var mostInUse = 0L;
        using var start = new Barrier(2);
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            for (var round = 0; round < RoundCount; round++)
            {
                if (!budget.TryTake(Wanted, Available))
                    continue;
                mostInUse = Math.Max(mostInUse, budget.InUseBytes);
                budget.GiveBack(Wanted);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal((Wanted, 0L), (mostInUse, budget.InUseBytes));
    }
}
