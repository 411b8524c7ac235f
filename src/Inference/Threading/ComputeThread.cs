using System.Runtime.CompilerServices;

#pragma warning disable RS0030 // The one place with threads: kernels need them within a microsecond, and what they compute does not depend on them.

namespace SplitActors.Inference.Threading;

/// <summary>One of the further threads of <see cref="ComputeThreads"/>.</summary>
internal sealed class ComputeThread : IDisposable
{
    private readonly ComputeThreads _owner;
    private readonly int _number;
    private readonly Thread _thread;
    private readonly ThreadGate _gate;
    private int _isDisposed;

    /// <param name="owner">Whose chunks it takes.</param>
    /// <param name="number">From 1.</param>
    /// <param name="gate">Where it waits; disposed with it.</param>
    public ComputeThread(ComputeThreads owner, int number, ThreadGate gate)
    {
        (_owner, _number, _gate) = (owner, number, gate);
        _thread = new Thread(Loop) { IsBackground = true, Name = $"compute {number}" };
        _thread.Start();
    }

    /// <summary>Called after chunks are there to take.</summary>
    public void Wake() => _gate.Open();

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        _gate.Open();
        _thread.Join();
        _gate.Dispose();
    }

    private bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    private bool IsWanted => IsDisposed || _owner.HasChunks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Loop()
    {
        var spinCount = 0;
        while (!IsDisposed)
        {
            if (_owner.HasChunks)
            {
                _owner.TakeChunks(_number);
                spinCount = 0;
            }
            else
            {
                _gate.Wait(ref spinCount, this, static thread => thread.IsWanted);
            }
        }
    }
}
