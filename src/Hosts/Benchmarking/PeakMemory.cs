using System.Diagnostics;
using System.Globalization;

namespace SplitActors.Hosts.Benchmarking;

/// <summary>The most memory that this process has held so far, mapped files that it has read included.</summary>
internal static class PeakMemory
{
    private const string StatusFile = "/proc/self/status";
    private const string PeakField = "VmHWM:";

    public static long ByteCount => OperatingSystem.IsLinux() && Kibibytes() is { } kibibytes ? kibibytes << 10 : OfProcess();

    /// <summary>Linux' proc(5); unlike getrusage, it does not begin with the peak of the process that started this one.</summary>
    private static long? Kibibytes()
    {
        var line = File.ReadLines(StatusFile).FirstOrDefault(line => line.StartsWith(PeakField, StringComparison.Ordinal));
        var value = line?[PeakField.Length..].Replace("kB", "", StringComparison.Ordinal);
        return long.TryParse(value, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes
            : null;
    }

    private static long OfProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
