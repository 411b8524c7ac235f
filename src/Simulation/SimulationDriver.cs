using SplitActors.Actors.Stepping;

namespace SplitActors.Simulation;

/// <summary>
/// A world whose nodes run on one thread and on virtual time: it runs what is ready, then jumps to the next timer, and so on.
/// The same seed and the same messages give the same run, however long the delays in it are.
/// </summary>
public sealed class SimulationDriver(ulong? seed = null)
{
    private readonly HashSet<SimulatedNode> _nodes = [];

    public SimulationDispatcher Dispatcher { get; } = new(seed);

    public VirtualTimeProvider Time { get; } = new();

    /// <summary>Told what happens to nodes.</summary>
    public Action<NodeEvent>? Observe { get; set; }

    /// <summary>Starts a node; it may be sent messages at once.</summary>
    /// <param name="shell">Makes one at first, and again after each failure.</param>
    public SimulatedNode Start(string name, Func<IStepShell> shell)
    {
        var node = new SimulatedNode(this, name, shell);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Stops all nodes that are left.</summary>
    public void StopAll()
    {
        foreach (var node in _nodes.ToArray())
            node.Stop();
        RunUntilIdle();
    }

    /// <summary>Runs what is ready; no time passes.</summary>
    public void RunUntilIdle() => Dispatcher.RunUntilIdle();

    /// <summary>Lets the time pass.</summary>
    public void RunFor(TimeSpan span) => RunUntil(static () => false, span);

    /// <param name="predicate">Looked at before each step.</param>
    /// <param name="timeLimit">Virtual time after which to give up.</param>
    /// <returns>Whether the predicate became true; if not, the time limit has passed and nothing is ready.</returns>
    public bool RunUntil(Func<bool> predicate, TimeSpan timeLimit)
    {
        var end = Time.Elapsed + timeLimit;
        while (true)
        {
            if (RunInstant(predicate))
                return true;
            if (Time.NextDue is not { } due || due > end)
                break;
            Time.FireNext();
        }

        Time.Advance(end - Time.Elapsed);
        return false;
    }

    internal void Note(NodeEvent nodeEvent)
    {
        if (nodeEvent is NodeStopped)
            _nodes.Remove(nodeEvent.Node);
        Observe?.Invoke(nodeEvent);
    }

    private bool RunInstant(Func<bool> predicate)
    {
        var stepCountMax = Dispatcher.StepCount + SimulationDispatcher.StepsPerInstantMax;
        while (!predicate())
        {
            if (!Dispatcher.RunOne())
                return false;
            Dispatcher.ThrowIfBeyond(stepCountMax);
        }

        return true;
    }
}
