using System.Runtime.CompilerServices;

#pragma warning disable RS0030 // The one place with threads: kernels need them within a microsecond, and what they compute does not depend on them.

namespace SplitActors.Inference.Threading;

/// <summary>One of the further threads of <see cref="ComputeThreads"/>.</summary>
internal sealed class ComputeThread : IDisposable
{
    /// <summary>Pauses after which an idle thread sleeps: about the time until the next token of a session.</summary>
    private const int PauseCountMax = 2000;

    private readonly ComputeThreads _owner;
    private readonly int _number;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _wakeUp = new(0);
    private int _isAsleep;
    private volatile bool _isDisposed;

    public ComputeThread(ComputeThreads owner, int number)
    {
        (_owner, _number) = (owner, number);
        _thread = new Thread(Loop) { IsBackground = true, Name = $"compute {number}" };
        _thread.Start();
    }

    /// <summary>Some ten nanoseconds.</summary>
    public static void Pause() => Thread.SpinWait(1);

    /// <summary>Called after chunks are there to take: either this sees the thread asleep, or the thread sees the chunks.</summary>
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
        var pauseCount = 0;
        while (!_isDisposed)
        {
            if (_owner.HasChunks)
            {
                _owner.TakeChunks(_number);
                pauseCount = 0;
            }
            else if (pauseCount++ < PauseCountMax)
            {
                Pause();
            }
            else
            {
                Sleep();
                pauseCount = 0;
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
