using System.Collections.Concurrent;
using Akka.Dispatch;

namespace SplitActors.Actors.Stepping;

/// <summary>
/// One actor's works, one after the other on one thread. What a result sets off runs there too, as far as it computes nothing: another thread would have to be
/// woken first, which takes longer than the turn of an actor.
/// </summary>
public sealed class ComputeLane : IDisposable
{
    /// <summary>Works that may wait.</summary>
    public const int WorksMax = 16;

    /// <summary>Turns of actors that a result may set off here, one after the other: actors that keep each other busy go on elsewhere.</summary>
    private const int TurnsMax = 16;

    [ThreadStatic]
    private static ComputeLane? _current; // while its thread has nothing to compute

    private readonly BlockingCollection<(Func<object> Work, Action<object> Deliver)> _works = new(WorksMax);
    private readonly Queue<IRunnable> _turns = new(TurnsMax);
    private readonly ComputeLanes _lanes;
    private int _turnsLeft;

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

    /// <summary>Takes an actor's turn that a result of this thread's lane set off, to run it next; false if this thread has other things to do.</summary>
    internal static bool TryTake(IRunnable turn)
    {
        if (_current is not { _turnsLeft: > 0 } lane)
            return false;
        lane._turnsLeft--;
        lane._turns.Enqueue(turn);
        return true;
    }

    private void Serve()
    {
        try
        {
            foreach (var (work, deliver) in _works.GetConsumingEnumerable())
                Deliver(deliver, work());
        }
        finally
        {
            _works.Dispose();
            _lanes.Leave();
        }
    }

    private void Deliver(Action<object> deliver, object result)
    {
        (_current, _turnsLeft) = (this, TurnsMax);
        deliver(result);
        while (_turns.TryDequeue(out var turn))
            turn.Run();
        _current = null;
    }
}
