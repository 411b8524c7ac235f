using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Threading;

/// <summary>What the threads of computations allocate; other tests, on threads of their own, do not count. Asking allocates nothing.</summary>
internal sealed class ThreadAllocations(ComputeThreads threads)
{
    private readonly long[] _bytes = new long[threads.ThreadCount];
    private readonly int[] _arrived = new int[1];

    /// <summary>Bytes that all threads together have allocated so far.</summary>
    public long TotalBytes()
    {
        _arrived[0] = 0;
        var work = new CountingWork(_arrived, _bytes);
        threads.Run(ref work, threads.ThreadCount);
        var sum = 0L;
        foreach (var bytes in _bytes)
            sum += bytes;
        return sum;
    }

    /// <summary>A chunk waits for the others, so that each thread has one.</summary>
    private readonly struct CountingWork(int[] arrived, long[] bytes) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            bytes[thread] = GC.GetAllocatedBytesForCurrentThread();
            Interlocked.Increment(ref arrived[0]);
            while (Volatile.Read(ref arrived[0]) < bytes.Length)
                Thread.Yield();
        }
    }
}
