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

    /// <summary>Two who ask for the last bytes at the same time, round after round: first looking and then taking gave them to both.</summary>
    [Fact]
    public void TryTake_TwoThreadsForTheLastBytes_GivesThemToOne()
    {
        const int RoundCount = 100_000, Available = 100, Wanted = 60;
        var budget = new MemoryBudget();
        var (arrived, taken) = (0, new int[RoundCount]);
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (var round = 0; round < RoundCount; round++)
            {
                Meet((2 * round) + 1);
                var isTaken = budget.TryTake(Wanted, Available);
                if (isTaken)
                    Interlocked.Increment(ref taken[round]);
                Meet((2 * round) + 2);
                if (isTaken)
                    budget.GiveBack(Wanted);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.DoesNotContain(taken, count => count != 1);
        Assert.Equal(0, budget.InUseBytes);

        void Meet(int number) // as close together as can be
        {
            var wait = new SpinWait();
            for (Interlocked.Increment(ref arrived); Volatile.Read(ref arrived) < 2 * number;)
                wait.SpinOnce(sleep1Threshold: -1);
        }
    }
}
