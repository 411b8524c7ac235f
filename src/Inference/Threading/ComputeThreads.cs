using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

#pragma warning disable RS0030 // The one place with threads: kernels need them within a microsecond, and what they compute does not depend on them.

namespace SplitActors.Inference.Threading;

/// <summary>
/// Threads that live as long as this object and share the chunks of one computation at a time. The caller is one of them: with a count of 1 there
/// is no other. After a computation they spin briefly, as the next one mostly follows within microseconds, and then sleep. Which thread computes
/// a chunk must not influence the result, and a caller never waits for a thread that has not begun a chunk.
/// </summary>
/// <remarks>Any thread may call; computations of several callers follow each other, so that never more than the given threads compute.</remarks>
public sealed unsafe class ComputeThreads : IDisposable
{
    /// <summary>Most chunks of one computation.</summary>
    internal const int ChunkCountMax = 1 << 20;

    /// <summary>Iterations of some ten nanoseconds after which an idle thread sleeps.</summary>
    private const int SpinCountMax = 4000;

    private const int ChunkBits = 24; // room for every thread to ask once too often
    private const long ChunkMask = (1 << ChunkBits) - 1;

    private readonly Lock _caller = new();
    private readonly ComputeThread[] _threads;
    private Computation _computation;

    /// <param name="threadCount">Threads that compute, the caller included; at least 1.</param>
    public ComputeThreads(int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadCount);
        _threads = new ComputeThread[threadCount - 1];
        for (var i = 0; i < _threads.Length; i++)
            _threads[i] = new ComputeThread(this, i + 1);
    }

    public int ThreadCount => _threads.Length + 1;

    /// <summary>Runs all chunks and returns when they are done. Allocates nothing.</summary>
    /// <param name="chunkCount">At most <see cref="ChunkCountMax"/>.</param>
    /// <param name="body">
    /// Called with <paramref name="work"/>, the chunk, 0 ≤ chunk &lt; <paramref name="chunkCount"/>, and the thread, 0 ≤ thread &lt;
    /// <see cref="ThreadCount"/>: no two calls at the same time have the same. It must not throw.
    /// </param>
    /// <param name="work">Valid until the return.</param>
    internal void Run(int chunkCount, delegate*<void*, int, int, void> body, void* work)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkCount, ChunkCountMax);
        lock (_caller)
        {
            if (chunkCount <= 1 || _threads.Length == 0)
            {
                for (var chunk = 0; chunk < chunkCount; chunk++)
                    body(work, chunk, 0);
                return;
            }

            _computation.Body = body;
            _computation.Work = work;
            Volatile.Write(ref _computation.DoneCount, 0);
            Interlocked.Exchange(ref _computation.Ticket, (long)chunkCount << ChunkBits);
            foreach (var thread in _threads)
                thread.Wake();

            ComputeChunks(thread: 0);
            while (Volatile.Read(ref _computation.DoneCount) < chunkCount)
                Thread.SpinWait(1);
        }
    }

    public void Dispose()
    {
        foreach (var thread in _threads)
            thread.Dispose();
    }

    /// <summary>
    /// Takes chunks until there are none. The number of chunks and the next one are one word, so that a late thread cannot take a chunk of one
    /// computation for one of another: whoever has taken a chunk keeps the caller waiting, and with it the body and work in place.
    /// </summary>
    private void ComputeChunks(int thread)
    {
        while (HasChunks)
        {
            var ticket = Interlocked.Increment(ref _computation.Ticket) - 1;
            var chunk = (int)(ticket & ChunkMask);
            if (chunk >= (int)(ticket >> ChunkBits))
                return;
            _computation.Body(_computation.Work, chunk, thread);
            Interlocked.Increment(ref _computation.DoneCount);
        }
    }

    private bool HasChunks
    {
        get
        {
            var ticket = Volatile.Read(ref _computation.Ticket);
            return (int)(ticket & ChunkMask) < (int)(ticket >> ChunkBits);
        }
    }

    /// <summary>Each word that threads write has a cache line, and its neighbour, of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 4 * CacheLines)]
    private struct Computation
    {
        private const int CacheLines = 128;

        [FieldOffset(1 * CacheLines)]
        public long Ticket; // chunk count << ChunkBits | next chunk

        [FieldOffset(2 * CacheLines)]
        public int DoneCount;

        [FieldOffset(3 * CacheLines)]
        public delegate*<void*, int, int, void> Body;

        [FieldOffset((3 * CacheLines) + 8)]
        public void* Work;
    }

    /// <summary>One of the further threads.</summary>
    private sealed class ComputeThread : IDisposable
    {
        private readonly ComputeThreads _owner;
        private readonly int _number;
        private readonly SemaphoreSlim _wakeUp = new(0);
        private readonly Thread _thread;
        private int _isAsleep;
        private volatile bool _isDisposed;

        public ComputeThread(ComputeThreads owner, int number)
        {
            (_owner, _number) = (owner, number);
            _thread = new Thread(Loop) { IsBackground = true, Name = $"compute {number}" };
            _thread.Start();
        }

        /// <summary>Called after the chunks are there to take: either this sees the thread asleep, or the thread sees the chunks.</summary>
        public void Wake()
        {
            if (Volatile.Read(ref _isAsleep) != 0 && Interlocked.Exchange(ref _isAsleep, 0) != 0)
                _wakeUp.Release();
        }

        public void Dispose()
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _wakeUp.Release();
            _thread.Join();
            _wakeUp.Dispose();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Loop()
        {
            var idleCount = 0;
            while (!_isDisposed)
            {
                if (_owner.HasChunks)
                {
                    _owner.ComputeChunks(_number);
                    idleCount = 0;
                }
                else if (++idleCount < SpinCountMax)
                {
                    Thread.SpinWait(1);
                }
                else
                {
                    Sleep();
                    idleCount = 0;
                }
            }
        }

        private void Sleep()
        {
            Interlocked.Exchange(ref _isAsleep, 1);
            if (_owner.HasChunks && Interlocked.Exchange(ref _isAsleep, 0) != 0)
                return;
            _wakeUp.Wait();
        }
    }
}
