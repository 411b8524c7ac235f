namespace SplitActors.Inference.Planning.Profiling;

/// <summary>Times what is short, by a few repetitions.</summary>
/// <param name="clock">Takes the times.</param>
/// <param name="cancellation">Looked at before each repetition.</param>
internal sealed class PassTimer(TimeProvider clock, CancellationToken cancellation)
{
    private const int CountMin = 2;
    private const int PauseCountMin = 6;
    private const int CountMax = 200;

    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2); // a short round trip: threads are asleep

    /// <summary>
    /// Seconds of a pass for which the machine has waited, as for a message: it runs on another thread than the pass before, and whatever computes is asleep.
    /// The mean: a thread that wakes up late now and then does so for sessions too.
    /// </summary>
    public double SecondsAfterPause(Action pass) => Repeat(() => AfterPause(pass), PauseCountMin).Average();

    /// <summary>Seconds of a pass: the lower median, as nothing makes a pass faster than it is.</summary>
    /// <param name="pass">What is timed.</param>
    /// <param name="before">Done before each pass, and not timed.</param>
    public double Seconds(Action pass, Action? before = null)
    {
        var times = Repeat(Repetition, CountMin);
        times.Sort();
        return times[(times.Count - 1) / 2];

        double Repetition()
        {
            before?.Invoke();
            return Time(pass);
        }
    }

    /// <summary>The first repetition does not count: it compiles code.</summary>
    private List<double> Repeat(Func<double> repetition, int countMin)
    {
        var times = new List<double>();
        var began = clock.GetTimestamp();
        for (var count = 0; count <= countMin || (count <= CountMax && clock.GetElapsedTime(began) < Enough); count++)
        {
            cancellation.ThrowIfCancellationRequested();
            var seconds = Math.Max(repetition(), 1e-9); // a clock may not see a short pass
            if (count > 0)
                times.Add(seconds);
        }

        return times;
    }

    private double Time(Action pass)
    {
        var start = clock.GetTimestamp();
        pass();
        return clock.GetElapsedTime(start).TotalSeconds;
    }

    private double AfterPause(Action pass)
    {
        var done = new TaskCompletionSource<double>();
        using var timer = clock.CreateTimer(_ => done.SetResult(Time(pass)), state: null, Pause, Timeout.InfiniteTimeSpan);
        return done.Task.GetAwaiter().GetResult();
    }
}
