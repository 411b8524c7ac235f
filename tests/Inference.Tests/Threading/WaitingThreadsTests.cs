using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Threading;

/// <summary>How threads wait: for each other, and for a place.</summary>
public sealed class WaitingThreadsTests
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(1);

    /// <summary>As Linux shows it: a caller that spins would be running, and keep the thread that it waits for from its core.</summary>
    [Fact]
    public void Run_LongChunkOfAnother_LetsTheCallerSleep()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var threads = new ComputeThreads(2);
        using var meeting = new Barrier(2);
        int[] hasLeft = [0], sawSleep = [0];
        var caller = new Thread(() =>
        {
            var work = new SleepWatchingWork(meeting, "caller waits", hasLeft, sawSleep);
            threads.Run(ref work, 2);
        })
        {
            Name = "caller waits",
        };
        caller.Start();
        Assert.True(caller.Join(2 * HangLimit), "The computation hangs.");
        Assert.True(sawSleep[0] == 1, "A caller without work does not sleep.");
    }

    /// <summary>A chunk of each caller waits for one of the other: with a lock they would wait for ever.</summary>
    [Fact]
    public void Single_TwoCallers_ComputeAtTheSameTime()
    {
        using var meeting = new Barrier(2);
        var callers = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            var work = new MeetingWork(meeting);
            ComputeThreads.Single.Run(ref work, 10);
        })
        {
            IsBackground = true,
        }).ToList();
        callers.ForEach(caller => caller.Start());
        Assert.All(callers, caller => Assert.True(caller.Join(HangLimit), "A caller waits for another."));
    }

    /// <summary>It belongs to everybody.</summary>
    [Fact]
    public void Single_Disposed_GoesOn()
    {
        ComputeThreads.Single.Dispose();
        using var meeting = new Barrier(1);
        var work = new MeetingWork(meeting);
        ComputeThreads.Single.Run(ref work, 3);
        Assert.Equal(3, meeting.CurrentPhaseNumber);
    }

    [Theory]
    [InlineData(2, 2, double.PositiveInfinity, true)]
    [InlineData(2, 8, 4.0, true)]
    [InlineData(4, 2, double.PositiveInfinity, false)] // more threads than processors
    [InlineData(2, 2, 1.5, false)]                     // a quota below them, which .NET rounds up to two processors
    [InlineData(4, 4, 4.0, false)]                     // spinning alone would spend it
    public void ThreadGate_SpinsLong_OnlyWhereProcessorsAreItsOwn(int threadCount, int processorCount, double quota, bool isLong)
    {
        var share = new ProcessorShare(processorCount, quota);
        using var work = ThreadGate.ForWork(threadCount, share);
        using var chunks = ThreadGate.ForChunks(threadCount, share);
        Assert.Equal((isLong, isLong), (work.SpinCountMax > 1000, chunks.SpinCountMax > 1000));
        Assert.InRange(chunks.SpinCountMax, work.SpinCountMax, 100_000);
    }

    /// <summary>The further thread's chunk ends when the caller, who has none left, is seen asleep many times in a row: a collection of garbage stops it, too.</summary>
    private readonly struct SleepWatchingWork(Barrier meeting, string caller, int[] hasLeft, int[] sawSleep) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            meeting.SignalAndWait();
            if (thread == 0)
            {
                Volatile.Write(ref hasLeft[0], 1); // it may sleep where they meet
                return;
            }

            var (name, left, inARow) = (caller, hasLeft, 0);
            var isAsleep = SpinWait.SpinUntil(() => (inARow = Volatile.Read(ref left[0]) == 1 && LinuxThreads.StateOf(name) == 'S' ? inARow + 1 : 0) == 20, HangLimit);
            sawSleep[0] = isAsleep ? 1 : 0;
        }
    }

    private readonly struct MeetingWork(Barrier meeting) : IParallelWork
    {
        public void Execute(int chunk, int thread) => meeting.SignalAndWait();
    }
}
