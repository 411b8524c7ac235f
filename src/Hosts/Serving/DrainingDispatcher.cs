using SplitActors.Actors.Kernel;

namespace SplitActors.Hosts.Serving;

/// <summary>
/// Runs actors on the thread pool and knows when nothing of them runs any more. An actor system ends without waiting for offloaded work,
/// but weights must stay mapped as long as a computation reads them.
/// </summary>
internal sealed class DrainingDispatcher : IDispatcher
{
    private readonly ThreadPoolDispatcher _pool = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _openCount = 1; // one until DrainAsync

    public void Execute(IThreadPoolWorkItem workItem)
    {
        Interlocked.Increment(ref _openCount);
        _pool.Execute(new CountedWork(this, workItem));
    }

    /// <summary>Waits until all work has ended. Call it once, after the actor system has terminated.</summary>
    public Task DrainAsync()
    {
        Close();
        return _drained.Task;
    }

    private void Close()
    {
        if (Interlocked.Decrement(ref _openCount) == 0)
            _drained.TrySetResult();
    }

    private sealed class CountedWork(DrainingDispatcher dispatcher, IThreadPoolWorkItem workItem) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            try
            {
                workItem.Execute();
            }
            finally
            {
                dispatcher.Close();
            }
        }
    }
}
