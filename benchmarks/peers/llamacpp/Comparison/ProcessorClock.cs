namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>Processor time of the whole machine, what a hypervisor took away included.</summary>
internal static class ProcessorClock
{
    private const double TicksPerSecond = 100; // USER_HZ of every Linux on x64 and Arm64
    private const string StatisticsFile = "/proc/stat";

    /// <summary>Busy time since the machine started, summed over its processors; null where it is not known.</summary>
    public static TimeSpan? Busy => File.Exists(StatisticsFile) ? ParseBusy(File.ReadLines(StatisticsFile).First()) : null;

    /// <param name="line">"cpu user nice system idle iowait irq softirq steal …" [proc(5)]</param>
    internal static TimeSpan ParseBusy(string line)
    {
        const int idle = 3, waiting = 4, guest = 8; // guests count as user time already
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(guest).Select(double.Parse);
        return TimeSpan.FromSeconds(ticks.Where((_, column) => column is not (idle or waiting)).Sum() / TicksPerSecond);
    }
}
