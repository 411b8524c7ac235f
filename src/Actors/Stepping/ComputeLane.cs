using System.Collections.Concurrent;

namespace SplitActors.Actors.Stepping;

/// <summary>One actor's works, one after the other on one thread.</summary>
public sealed class ComputeLane : IDisposable
{
    /// <summary>Works that may wait.</summary>
    public const int WorksMax = 16;

    private readonly BlockingCollection<Action> _works = new(WorksMax);
    private readonly ComputeLanes _lanes;

    internal ComputeLane(ComputeLanes lanes, string name)
    {
        _lanes = lanes;
        lanes.Enter();
        ComputeLanes.StartThread($"{name} computes", Serve);
    }

    /// <param name="work">Must not throw.</param>
    public void Run(Action work)
    {
        if (!_works.TryAdd(work))
            throw new InvalidOperationException($"{WorksMax} works wait already.");
    }

    /// <summary>What was begun or waits is still done.</summary>
    public void Dispose() => _works.CompleteAdding();

    private void Serve()
    {
        try
        {
            foreach (var work in _works.GetConsumingEnumerable())
                work();
        }
        finally
        {
            _works.Dispose();
            _lanes.Leave();
        }
    }
}
