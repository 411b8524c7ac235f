using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace SplitActors.Inference.Threading;

/// <summary>
/// Threads that live as long as this object and share the chunks of one computation at a time. The caller is one of them: with a count of 1 there
/// is no other. Each thread has a range of neighbouring chunks, so that it streams through memory, and then takes what others have left. After a
/// computation threads spin briefly, as the next one mostly follows within microseconds, and then sleep; so does a caller that waits for the others' last
/// chunks. It waits for none that has not begun a chunk.
/// </summary>
/// <remarks>
/// Any thread may call; computations of several callers follow each other, so that never more than the given threads compute. A chunk that throws, on
/// whichever thread, ends its computation: chunks that have begun are waited for, the others are left out, and the caller gets the first exception.
/// </remarks>
public sealed unsafe class ComputeThreads : IDisposable
{
    /// <summary>The calling thread alone, whatever others compute: callers do not wait for each other.</summary>
    public static readonly ComputeThreads Single = new(1, ProcessorShare.OfThisProcess) { _isOfEachCaller = true };

    /// <summary>Most chunks of one computation.</summary>
    internal const int ChunkCountMax = 1 << 20;

    private readonly Lock _caller = new();
    private readonly ChunkRange[] _ranges; // one for each thread
    private readonly ComputeThread[] _threads;
    private readonly ThreadGate _done;
    private bool _isOfEachCaller;
    private delegate*<void*, int, int, void> _execute;
    private void* _work;
    private int _chunkCount;
    private int _doneCount;
    private Exception? _failure; // the first one of a computation
    private bool _isDisposed;

    /// <param name="threadCount">Threads that compute, the caller included; at least 1.</param>
    public ComputeThreads(int threadCount)
        : this(threadCount, ProcessorShare.OfThisProcess)
    {
    }

    /// <summary>Where the processors that the process may use are said, not asked for.</summary>
    internal ComputeThreads(int threadCount, ProcessorShare share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadCount);
        _ranges = new ChunkRange[threadCount];
        _done = ThreadGate.ForChunks(threadCount, share);
        _threads = new ComputeThread[threadCount - 1];
        for (var i = 0; i < _threads.Length; i++)
            _threads[i] = new ComputeThread(this, i + 1, ThreadGate.ForWork(threadCount, share));
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

    private bool IsDone => Volatile.Read(ref _doneCount) >= _chunkCount;

    /// <summary>Waits for the computation that runs, if any, and ends the threads; <see cref="Single"/> has none, and goes on.</summary>
    public void Dispose()
    {
        if (_isOfEachCaller)
            return;
        lock (_caller)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            foreach (var thread in _threads)
                thread.Dispose();
            _done.Dispose();
        }
    }

    /// <summary>Runs all chunks and returns when they are done. Allocates nothing.</summary>
    /// <param name="work">What the threads work on; they see this very variable.</param>
    /// <param name="chunkCount">At most <see cref="ChunkCountMax"/>.</param>
    internal void Run<TWork>(ref TWork work, int chunkCount)
        where TWork : struct, IParallelWork, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkCount, ChunkCountMax);
        if (_isOfEachCaller)
        {
            RunAlone(ref work, chunkCount);
            return;
        }

        lock (_caller)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_threads.Length == 0 || chunkCount <= 1)
                RunAlone(ref work, chunkCount);
            else
                Share(ref work, chunkCount);
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
                var chunkCount = _chunkCount; // read while the caller waits for this chunk: it may begin the next computation right after
                Execute(chunk, thread);
                if (Interlocked.Increment(ref _doneCount) == chunkCount)
                    _done.Open();
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

    private void Share<TWork>(ref TWork work, int chunkCount)
        where TWork : struct, IParallelWork, allows ref struct
    {
        _execute = &Execute<TWork>;
        _work = Unsafe.AsPointer(ref work);
        _chunkCount = chunkCount;
        Volatile.Write(ref _doneCount, 0);
        for (var i = 0; i < _ranges.Length; i++)
            _ranges[i].Publish((int)((long)chunkCount * i / _ranges.Length), (int)((long)chunkCount * (i + 1) / _ranges.Length));
        foreach (var thread in _threads)
            thread.Wake();

        TakeChunks(thread: 0);
        for (var spinCount = 0; !IsDone;)
            _done.Wait(ref spinCount, this, static threads => threads.IsDone);

        if (_failure is not { } failure)
            return;
        _failure = null;
        ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>An exception must not unwind the caller's frame, where the work is, while others use it, nor end the process from a thread of ours.</summary>
    private void Execute(int chunk, int thread)
    {
        if (Volatile.Read(ref _failure) is not null)
            return;
        try
        {
            _execute(_work, chunk, thread);
        }
#pragma warning disable CA1031 // Whatever it is, the caller gets it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, failure, comparand: null);
        }
    }

    private static void Execute<TWork>(void* work, int chunk, int thread)
        where TWork : struct, IParallelWork, allows ref struct =>
        Unsafe.AsRef<TWork>(work).Execute(chunk, thread);
}
