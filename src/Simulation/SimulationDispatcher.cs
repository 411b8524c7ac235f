using SplitActors.Actors;

namespace SplitActors.Simulation;

/// <summary>
/// Runs nodes on the thread that asks it to, one work item at a time: in the order in which they became ready or, with a seed, in an
/// order drawn among those that are ready. The same seed gives the same run. Not thread-safe.
/// </summary>
public sealed class SimulationDispatcher(ulong? seed = null)
{
    /// <summary>More work items than this, with no time passing, are taken for nodes that keep each other busy for ever.</summary>
    public const long StepsPerInstantMax = 50_000_000;

    private readonly SplitMix64? _random = seed is { } value ? new SplitMix64(value) : null;
    private readonly Queue<IThreadPoolWorkItem> _inOrder = new();
    private readonly List<IThreadPoolWorkItem> _drawn = [];
    private bool _isRunning;

    public int ReadyCount => _inOrder.Count + _drawn.Count;

    /// <summary>Work items run so far.</summary>
    public long StepCount { get; private set; }

    public void Execute(IThreadPoolWorkItem workItem)
    {
        if (_random is null)
            _inOrder.Enqueue(workItem);
        else
            _drawn.Add(workItem);
    }

    /// <returns>False if nothing was ready.</returns>
    public bool RunOne()
    {
        if (_isRunning)
            throw new InvalidOperationException("A work item cannot run the simulation that it is part of.");
        if (ReadyCount == 0)
            return false;

        _isRunning = true;
        try
        {
            Take().Execute();
        }
        finally
        {
            _isRunning = false;
        }

        StepCount++;
        return true;
    }

    /// <summary>Runs until nothing is ready.</summary>
    /// <exception cref="InvalidOperationException">More than <see cref="StepsPerInstantMax"/> work items.</exception>
    public void RunUntilIdle()
    {
        for (var end = StepCount + StepsPerInstantMax; RunOne();)
            ThrowIfBeyond(end);
    }

    internal void ThrowIfBeyond(long stepCountMax)
    {
        if (StepCount > stepCountMax)
            throw new InvalidOperationException($"{StepsPerInstantMax} steps and no time passed: nodes keep each other busy for ever.");
    }

    private IThreadPoolWorkItem Take()
    {
        if (_random is null)
            return _inOrder.Dequeue();
        var index = _random.Next(_drawn.Count);
        var taken = _drawn[index];
        _drawn[index] = _drawn[^1];
        _drawn.RemoveAt(_drawn.Count - 1);
        return taken;
    }
}
