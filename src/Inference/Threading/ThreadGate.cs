#pragma warning disable RS0030 // Kernels need threads within a microsecond, and what they compute does not depend on them.

namespace SplitActors.Inference.Threading;

/// <summary>
/// Where one thread waits for what another does: it spins a while and then sleeps. Whoever makes true what it waits for opens the gate afterwards: either that one
/// sees the waiting thread asleep, or the waiting thread sees what has come true.
/// </summary>
/// <param name="spinCountMax">Pauses before a thread sleeps.</param>
internal sealed class ThreadGate(int spinCountMax) : IDisposable
{
    /// <summary>About the time until the next token of a session, and several times that between two matrices.</summary>
    private const int SpinsForWork = 2000;

    /// <summary>Most of a millisecond: longer than a chunk takes.</summary>
    private const int SpinsForChunk = 20_000;

    /// <summary>
    /// Some microseconds. Where threads have to share processors, one that spins keeps the one that it waits for from running; where the process has a quota, it
    /// spends what the computation needs, and the whole process stands still when the quota is spent.
    /// </summary>
    private const int SpinsOnSharedProcessors = 100;

    private readonly SemaphoreSlim _wakeUp = new(0);
    private int _isAsleep;

    public int SpinCountMax => spinCountMax;

    /// <summary>For a thread that waits for the next computation.</summary>
    /// <param name="threadCount">Threads that spin at the same time.</param>
    /// <param name="share">What the process may use.</param>
    public static ThreadGate ForWork(int threadCount, ProcessorShare share) => new(IsOwn(threadCount, share) ? SpinsForWork : SpinsOnSharedProcessors);

    /// <summary>For a thread that waits for what others compute.</summary>
    /// <inheritdoc cref="ForWork"/>
    public static ThreadGate ForChunks(int threadCount, ProcessorShare share) => new(IsOwn(threadCount, share) ? SpinsForChunk : SpinsOnSharedProcessors);

    /// <summary>Returns after a pause, or after sleep, from which it may wake too early: to be called until what is waited for has come true.</summary>
    /// <param name="spinCount">Pauses since the last change; from 0.</param>
    /// <param name="owner">Passed on.</param>
    /// <param name="isOpen">Whether it has come true.</param>
    public void Wait<TOwner>(ref int spinCount, TOwner owner, Func<TOwner, bool> isOpen)
    {
        if (spinCount++ < spinCountMax)
        {
            Thread.SpinWait(1); // some ten nanoseconds
            return;
        }

        spinCount = 0;
        Interlocked.Exchange(ref _isAsleep, 1);
        if (isOpen(owner) && Interlocked.Exchange(ref _isAsleep, 0) != 0)
            return;
        _wakeUp.Wait();
    }

    /// <summary>Wakes the thread that sleeps, if one does. What it waits for was made true by an interlocked operation, or this could look too early.</summary>
    public void Open()
    {
        if (Volatile.Read(ref _isAsleep) != 0 && Interlocked.Exchange(ref _isAsleep, 0) != 0)
            _wakeUp.Release();
    }

    public void Dispose() => _wakeUp.Dispose();

    /// <summary>Each thread has a processor, and a quota would not be spent by spinning alone.</summary>
    private static bool IsOwn(int threadCount, ProcessorShare share) => threadCount <= share.ProcessorCount && threadCount < share.Quota;
}
