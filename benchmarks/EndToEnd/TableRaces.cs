using System.Diagnostics;
using SplitActors.Inference.Tests.RateDistortion;

namespace SplitActors.EndToEnd;

/// <summary>The test of tables that two threads build, on as many first uses as wanted.</summary>
internal static class TableRaces
{
    private const long ProgressEvery = 100_000;

    public static int Run(long usesPerThread)
    {
        var started = Stopwatch.GetTimestamp();
        var next = ProgressEvery;
        var result = FirstTables.Run(usesPerThread, done =>
        {
            if (done < next)
                return;
            next += ProgressEvery;
            Console.Error.WriteLine($"{done:N0} of {usesPerThread:N0} first uses by each thread");
        });
        Console.WriteLine($"{result.UseCount:N0} first uses by two threads in {Stopwatch.GetElapsedTime(started).TotalSeconds:N0} s: {result.WrongCount:N0} wrong");
        if (result.FirstFault is { } fault)
            Console.WriteLine(fault);
        return result.WrongCount == 0 ? 0 : 1;
    }
}
