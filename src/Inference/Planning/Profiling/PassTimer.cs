namespace SplitActors.Inference.Planning.Profiling;

/// <summary>Times what is short: a few repetitions, and the lower of their medians, as nothing makes a pass faster than it is.</summary>
/// <param name="clock">Takes the times.</param>
/// <param name="cancellation">Looked at before each repetition.</param>
internal sealed class PassTimer(TimeProvider clock, CancellationToken cancellation)
{
    private const int CountMin = 2;
    private const int CountMax = 200;

    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2); // a short round trip: threads are asleep

    /// <summary>Seconds of a pass for which the machine has waited, as for a message.</summary>
    public double SecondsAfterPause(Action pass) => Seconds(pass, Wait);

    /// <summary>Seconds of a pass, the first one not counted: it compiles code.</summary>
    /// <param name="pass">What is timed.</param>
    /// <param name="before">Done before each pass, and not timed.</param>
    public double Seconds(Action pass, Action? before = null)
    {
        var times = new List<double>();
        var began = clock.GetTimestamp();
        for (var count = 0; count <= CountMin || (count <= CountMax && clock.GetElapsedTime(began) < Enough); count++)
        {
            cancellation.ThrowIfCancellationRequested();
            before?.Invoke();
            var start = clock.GetTimestamp();
            pass();
            if (count > 0)
                times.Add(clock.GetElapsedTime(start).TotalSeconds);
        }

        times.Sort();
        return Math.Max(times[(times.Count - 1) / 2], 1e-9); // a clock may not see a short pass
    }

    /// <summary>Spins, then sleeps.</summary>
    private void Wait()
    {
        var began = clock.GetTimestamp();
        SpinWait.SpinUntil(() => clock.GetElapsedTime(began) >= Pause);
    }
}
