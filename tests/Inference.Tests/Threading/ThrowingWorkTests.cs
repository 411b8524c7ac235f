using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Threading;

/// <summary>Computations of which a part throws: the others are waited for, the caller gets the exception once, and the next computation is right.</summary>
public sealed class ThrowingWorkTests
{
    private const int CallersThread = 0;
    private const int HelpersThread = 1;

    [Theory]
    [InlineData(CallersThread)]
    [InlineData(HelpersThread)]
    public void Run_OneThreadThrows_WaitsForTheOtherAndThrowsOnce(int throwingThread)
    {
        using var threads = new ComputeThreads(2);
        using var meeting = new Barrier(2);
        for (var round = 0; round < 100; round++)
        {
            var ended = new int[1];
            var error = Assert.Throws<InvalidOperationException>(() =>
            {
                var work = new MeetingWork(meeting, throwingThread, ended);
                threads.Run(ref work, 2);
            });
            Assert.Equal($"Thread {throwingThread} throws.", error.Message);
            Assert.Equal(1, ended[0]);

            var next = new SomeThrowWork(new int[50], throws: _ => false);
            threads.Run(ref next, 50);
            Assert.All(next.Runs, runs => Assert.Equal(1, runs));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Run_ManyChunksThrow_GivesOneOfTheirExceptions(int threadCount)
    {
        using var threads = new ComputeThreads(threadCount);
        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var faulty = Enumerable.Range(0, 40).Where(_ => random.Next(8) == 0).ToHashSet();
            var runs = new int[40];
            var error = Record.Exception(() =>
            {
                var work = new SomeThrowWork(runs, faulty.Contains);
                threads.Run(ref work, 40);
            });
            Assert.All(runs, count => Assert.InRange(count, 0, 1));
            if (faulty.Count == 0)
                Assert.True(error is null && runs.All(count => count == 1));
            else
                Assert.Contains(int.Parse(Assert.IsType<InvalidOperationException>(error).Message), faulty);
        }
    }

    /// <summary>Both threads have a chunk; one throws, and the other goes on for long after.</summary>
    private readonly struct MeetingWork(Barrier meeting, int throwingThread, int[] ended) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            meeting.SignalAndWait();
            if (thread == throwingThread)
                throw new InvalidOperationException($"Thread {thread} throws.");
            for (var i = 0; i < 200; i++)
                Thread.Yield();
            Interlocked.Increment(ref ended[0]);
        }
    }

    private readonly struct SomeThrowWork(int[] runs, Func<int, bool> throws) : IParallelWork
    {
        public int[] Runs => runs;

        public void Execute(int chunk, int thread)
        {
            Interlocked.Increment(ref runs[chunk]);
            if (throws(chunk))
                throw new InvalidOperationException($"{chunk}");
        }
    }
}
