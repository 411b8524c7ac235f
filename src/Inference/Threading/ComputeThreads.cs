using System.Runtime.CompilerServices;

namespace SplitActors.Inference.Threading;

/// <summary>
/// Threads that live as long as this object and share the chunks of one computation at a time. The caller is one of them: with a count of 1 there
/// is no other. Each thread has a range of neighbouring chunks, so that it streams through memory, and then takes what others have left. After a
/// computation threads spin briefly, as the next one mostly follows within microseconds, and then sleep; a caller waits for none that has not
/// begun a chunk.
/// </summary>
/// <remarks>Any thread may call; computations of several callers follow each other, so that never more than the given threads compute.</remarks>
public sealed unsafe class ComputeThreads : IDisposable
{
    /// <summary>The calling thread alone.</summary>
    public static readonly ComputeThreads Single = new(1);

    /// <summary>Most chunks of one computation.</summary>
    internal const int ChunkCountMax = 1 << 20;

    private readonly Lock _caller = new();
    private readonly ChunkRange[] _ranges; // one for each thread
    private readonly ComputeThread[] _threads;
    private delegate*<void*, int, int, void> _execute;
    private void* _work;
    private int _doneCount;
    private bool _isDisposed;

    /// <param name="threadCount">Threads that compute, the caller included; at least 1.</param>
    public ComputeThreads(int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadCount);
        _ranges = new ChunkRange[threadCount];
        _threads = new ComputeThread[threadCount - 1];
        for (var i = 0; i < _threads.Length; i++)
            _threads[i] = new ComputeThread(this, i + 1);
    }

    public int ThreadCount => _ranges.Length;

    internal bool HasChunks
    {
        get
        {
            foreach (ref var range in _ranges.AsSpan())
            {
                if (range.HasChunks)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Waits for the computation that runs, if any, and ends the threads.</summary>
    public void Dispose()
    {
        lock (_caller)
        {
            _isDisposed = true;
            foreach (var thread in _threads)
                thread.Dispose();
        }
    }

    /// <summary>Runs all chunks and returns when they are done. Allocates nothing.</summary>
    /// <param name="work">What the threads work on; they see this very variable.</param>
    /// <param name="chunkCount">At most <see cref="ChunkCountMax"/>.</param>
    internal void Run<TWork>(ref TWork work, int chunkCount)
        where TWork : struct, IParallelWork, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkCount, ChunkCountMax);
        lock (_caller)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_threads.Length == 0 || chunkCount <= 1)
            {
                RunAlone(ref work, chunkCount);
                return;
            }

            _execute = &Execute<TWork>;
            _work = Unsafe.AsPointer(ref work);
            Volatile.Write(ref _doneCount, 0);
            for (var i = 0; i < _ranges.Length; i++)
                _ranges[i].Publish((int)((long)chunkCount * i / _ranges.Length), (int)((long)chunkCount * (i + 1) / _ranges.Length));
            foreach (var thread in _threads)
                thread.Wake();

            TakeChunks(thread: 0);
            while (Volatile.Read(ref _doneCount) < chunkCount)
                ComputeThread.Pause();
        }
    }

    /// <summary>Takes chunks until there are none. Whoever has taken one keeps the caller waiting, and with it the work in place.</summary>
    internal void TakeChunks(int thread)
    {
        for (var i = 0; i < _ranges.Length; i++)
        {
            ref var range = ref _ranges[(thread + i) % _ranges.Length];
            while (range.TryTake(out var chunk))
            {
                _execute(_work, chunk, thread);
                Interlocked.Increment(ref _doneCount);
            }
        }
    }

    /// <summary>Runs all chunks on the calling thread, whatever others compute: for what is too little to share.</summary>
    internal static void RunAlone<TWork>(ref TWork work, int chunkCount)
        where TWork : struct, IParallelWork, allows ref struct
    {
        for (var chunk = 0; chunk < chunkCount; chunk++)
            work.Execute(chunk, thread: 0);
    }

    private static void Execute<TWork>(void* work, int chunk, int thread)
        where TWork : struct, IParallelWork, allows ref struct =>
        Unsafe.AsRef<TWork>(work).Execute(chunk, thread);
}
