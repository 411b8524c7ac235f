namespace SplitActors.Tests.Shared;

/// <summary>What a piece of code allocates.</summary>
internal static class Allocations
{
    private const int RunCount = 3;

    /// <summary>Bytes that this thread allocates in a run.</summary>
    public static long LeastBytes(Action run) => LeastBytes(GC.GetAllocatedBytesForCurrentThread, run);

    /// <summary>
    /// The least of several runs: when another test causes a collection during one, the runtime counts the rest of the thread's buffer, up to 8 KiB, as
    /// allocated.
    /// </summary>
    /// <param name="totalBytes">Allocated so far; asking allocates nothing.</param>
    /// <param name="run">What is measured.</param>
    public static long LeastBytes(Func<long> totalBytes, Action run)
    {
        var least = long.MaxValue;
        for (var i = 0; i < RunCount; i++)
        {
            var before = totalBytes();
            run();
            least = Math.Min(least, totalBytes() - before);
        }

        return least;
    }
}
