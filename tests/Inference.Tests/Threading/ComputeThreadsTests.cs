using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Threading;

public sealed class ComputeThreadsTests
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(1);

    public static TheoryData<int> ThreadCounts => [1, 2, 3, 4, 9];

    [Theory]
    [MemberData(nameof(ThreadCounts))]
    public void Run_AnyChunkCount_RunsEachChunkOnce(int threadCount)
    {
        using var threads = new ComputeThreads(threadCount);
        Assert.Equal(threadCount, threads.ThreadCount);
        foreach (var chunkCount in new[] { 0, 1, 2, 3, threadCount - 1, threadCount, threadCount + 1, 100, 1000 })
        {
            var work = new CountingWork(new int[chunkCount], new int[threadCount]);
            threads.Run(ref work, chunkCount);
            Assert.All(work.Runs, runs => Assert.Equal(1, runs));
        }
    }

    [Fact]
    public void Run_MostChunks_RunsEachOnceAndOneMoreIsRefused()
    {
        using var threads = new ComputeThreads(2);
        var work = new CountingWork(new int[ComputeThreads.ChunkCountMax], new int[2]);
        threads.Run(ref work, ComputeThreads.ChunkCountMax);
        Assert.DoesNotContain(work.Runs, runs => runs != 1);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            var tooMuch = new CountingWork([], new int[2]);
            threads.Run(ref tooMuch, ComputeThreads.ChunkCountMax + 1);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Constructor_NoThreads_Throws(int threadCount) => Assert.Throws<ArgumentOutOfRangeException>(() => new ComputeThreads(threadCount));

    /// <summary>No chunk ends before all threads have one: without so many threads it would hang.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Run_ChunksThatWaitForEachOther_AreOnAsManyThreads(int threadCount)
    {
        using var threads = new ComputeThreads(threadCount);
        using var meeting = new Barrier(threadCount);
        for (var round = 0; round < 50; round++)
        {
            var work = new MeetingWork(meeting, new int[threadCount]);
            threads.Run(ref work, threadCount);
            Assert.Equal(Enumerable.Range(0, threadCount), work.ThreadOfChunk.Order());
        }
    }

    /// <summary>With one thread too: callers at once would be more threads than given.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_ManyCallers_EachGetsItsChunksAndNoThreadNumberIsTakenTwice(int threadCount)
    {
        const int CallerCount = 6, RunCount = 300;
        using var threads = new ComputeThreads(threadCount);
        using var start = new Barrier(CallerCount);
        var busy = new int[threadCount];
        var works = Enumerable.Range(0, CallerCount).Select(caller => new CountingWork(new int[caller * 5], busy)).ToArray();
        var callers = works.Select(work => new Thread(() =>
        {
            start.SignalAndWait();
            for (var run = 0; run < RunCount; run++)
                threads.Run(ref work, work.Runs.Length);
        })).ToList();
        callers.ForEach(caller => caller.Start());
        Assert.All(callers, caller => Assert.True(caller.Join(HangLimit), "A caller hangs."));
        Assert.All(works, work => Assert.All(work.Runs, runs => Assert.Equal(RunCount, runs)));
    }

    /// <summary>Threads that fall asleep, or are about to, between computations of a few chunks.</summary>
    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 300)]
    [InlineData(4, 0)]
    public void Run_ManyTinyComputations_AllEnd(int threadCount, int pauseCountMax)
    {
        var runCount = pauseCountMax == 0 ? 100_000 : 5_000;
        using var threads = new ComputeThreads(threadCount);
        var random = new Random(1);
        var rightRuns = 0;
        var caller = new Thread(() =>
        {
            for (var run = 0; run < runCount; run++)
            {
                var work = new CountingWork(new int[run % 5], new int[threadCount]);
                threads.Run(ref work, work.Runs.Length);
                rightRuns += work.Runs.All(runs => runs == 1) ? 1 : 0;
                Thread.SpinWait(20 * random.Next(pauseCountMax + 1)); // up to twice the time until a thread sleeps
            }
        });
        caller.Start();
        Assert.True(caller.Join(HangLimit), "A computation hangs.");
        Assert.Equal(runCount, rightRuns);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_InSteadyState_AllocatesNothing(int threadCount)
    {
        using var threads = new ComputeThreads(threadCount);
        var work = new CountingWork(new int[20], new int[threadCount]);
        threads.Run(ref work, 20);
        Assert.Equal(0, Allocations.LeastBytes(() =>
        {
            for (var run = 0; run < 100; run++)
                threads.Run(ref work, 20);
        }));
    }

    /// <summary>As Linux shows it; a thread that spins is running or waits for a core, and never sleeps.</summary>
    [Fact]
    public void Run_NoFurtherComputation_LetsTheThreadsSleep()
    {
        if (!OperatingSystem.IsLinux())
            return;
        const int ThreadCount = 17; // no other test has a thread of this number
        using var threads = new ComputeThreads(ThreadCount);
        for (var round = 0; round < 3; round++)
        {
            var work = new CountingWork(new int[ThreadCount], new int[ThreadCount]);
            threads.Run(ref work, ThreadCount);
            Assert.True(SpinWait.SpinUntil(() => LinuxThreads.StateOf("compute 16") == 'S', HangLimit), "A thread without work does not sleep.");
        }
    }

    [Fact]
    public void Dispose_Twice_HasEndedTheThreads()
    {
        const int ThreadCount = 19;
        var threads = new ComputeThreads(ThreadCount);
        var work = new CountingWork(new int[ThreadCount], new int[ThreadCount]);
        threads.Run(ref work, ThreadCount);
        threads.Dispose();
        threads.Dispose();
        if (OperatingSystem.IsLinux())
            Assert.True(SpinWait.SpinUntil(() => LinuxThreads.StateOf("compute 18") is null, HangLimit), "A thread outlives its owner.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_Disposed_Throws(int threadCount)
    {
        var threads = new ComputeThreads(threadCount);
        threads.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            var work = new CountingWork(new int[1], new int[threadCount]);
            threads.Run(ref work, 1);
        });
    }

    /// <summary>Counts how often each chunk runs; two calls at once with one thread number end the process.</summary>
    private readonly struct CountingWork(int[] runs, int[] busy) : IParallelWork
    {
        public int[] Runs => runs;

        public void Execute(int chunk, int thread)
        {
            if (Interlocked.Exchange(ref busy[thread], 1) != 0)
                Environment.FailFast($"Two chunks at once on thread {thread}.");
            Interlocked.Increment(ref runs[chunk]);
            Volatile.Write(ref busy[thread], 0);
        }
    }

    private readonly struct MeetingWork(Barrier meeting, int[] threadOfChunk) : IParallelWork
    {
        public int[] ThreadOfChunk => threadOfChunk;

        public void Execute(int chunk, int thread)
        {
            threadOfChunk[chunk] = thread;
            meeting.SignalAndWait();
        }
    }
}
