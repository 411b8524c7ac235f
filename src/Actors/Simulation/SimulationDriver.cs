using SplitActors.Actors.Kernel;

namespace SplitActors.Actors.Simulation;

/// <summary>
/// A world in which an actor system runs on one thread and on virtual time: it runs what is ready, then jumps to the next timer, and so on.
/// The same seed and the same messages give the same run, however long the delays in it are.
/// </summary>
public sealed class SimulationDriver(ulong? seed = null)
{
    public SimulationDispatcher Dispatcher { get; } = new(seed);

    public VirtualTimeProvider Time { get; } = new();

    /// <summary>Options of a system in this world.</summary>
    public ActorSystemOptions Options => new() { Dispatcher = Dispatcher, TimeProvider = Time };

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
