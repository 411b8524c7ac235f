#pragma warning disable RS0030 // Threads that compute for actors are made here and nowhere else.

namespace SplitActors.Actors.Stepping;

/// <summary>
/// The threads on which a process computes for its actors, so that no dispatcher ever waits for a computation. It knows when nothing runs any more: weights must stay
/// mapped as long as a computation reads them.
/// </summary>
public sealed class ComputeLanes
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _openCount = 1; // one until DrainAsync

    /// <summary>A thread for one actor, which disposes it.</summary>
    public ComputeLane Open(string name) => new(this, name);

    /// <summary>Runs one work on a thread of its own.</summary>
    public void RunBeside(Action work, string name)
    {
        Enter();
        StartThread($"{name} loads", () =>
        {
            try
            {
                work();
            }
            finally
            {
                Leave();
            }
        });
    }

    /// <summary>Waits until all work has ended. Call it once, after the actors have stopped.</summary>
    public Task DrainAsync()
    {
        Leave();
        return _drained.Task;
    }

    internal static void StartThread(string name, Action run) => new Thread(() => run()) { IsBackground = true, Name = name }.Start();

    internal void Enter() => Interlocked.Increment(ref _openCount);

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _openCount) == 0)
            _drained.TrySetResult();
    }
}
