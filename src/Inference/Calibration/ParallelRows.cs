using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>Shares the rows of a matrix among threads. What is computed of a row does not depend on how they are shared.</summary>
internal static class ParallelRows
{
    private const int RowsMin = 32; // fewer cost more to hand over than to compute

    /// <param name="threads">Compute.</param>
    /// <param name="first">First row.</param>
    /// <param name="end">Row behind the last.</param>
    /// <param name="compute">Told a first row and the one behind the last; must not throw.</param>
    public static void Run(ComputeThreads threads, int first, int end, Action<int, int> compute)
    {
        var work = new Work(first, end, compute);
        threads.Run(ref work, (end - first + RowsMin - 1) / RowsMin);
    }

    private readonly struct Work(int first, int end, Action<int, int> compute) : IParallelWork
    {
        public void Execute(int chunk, int thread) => compute(first + (chunk * RowsMin), Math.Min(first + ((chunk + 1) * RowsMin), end));
    }
}
