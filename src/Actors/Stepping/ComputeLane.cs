using System.Collections.Concurrent;

namespace SplitActors.Actors.Stepping;

/// <summary>One actor's works, one after the other on one thread.</summary>
public sealed class ComputeLane : IDisposable
{
    /// <summary>Works that may wait.</summary>
    public const int WorksMax = 16;

    private readonly BlockingCollection<(Func<object> Work, Action<object> Deliver)> _works = new(WorksMax);
    private readonly ComputeLanes _lanes;

    internal ComputeLane(ComputeLanes lanes, string name)
    {
        _lanes = lanes;
        lanes.Enter();
        ComputeLanes.StartThread($"{name} computes", Serve);
    }

    /// <param name="work">Must not throw.</param>
    /// <param name="deliver">Given what it returned, on the same thread.</param>
    public void Run(Func<object> work, Action<object> deliver)
    {
        if (!_works.TryAdd((work, deliver)))
            throw new InvalidOperationException($"{WorksMax} works wait already.");
    }

    /// <summary>What was begun or waits is still done.</summary>
    public void Dispose() => _works.CompleteAdding();

    private void Serve()
    {
        try
        {
            foreach (var (work, deliver) in _works.GetConsumingEnumerable())
                deliver(work());
        }
        finally
        {
            _works.Dispose();
            _lanes.Leave();
        }
    }
}
