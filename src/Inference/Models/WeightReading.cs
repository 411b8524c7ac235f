using SplitActors.Inference.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>Reads matrices as fast as memory allows, each thread a range of neighbouring chunks, as when they are multiplied.</summary>
internal sealed unsafe class WeightReading(IEnumerable<Linear> matrices)
{
    private const long ChunkBytes = 256 << 10;

    private readonly (Linear Matrix, long Offset)[] _chunks = [.. matrices.SelectMany(Chunks)];

    /// <returns>The sum of all 64-bit words, whatever the threads: it keeps the reading from being optimized away.</returns>
    /// <exception cref="ObjectDisposedException">The weights' checkpoint is disposed.</exception>
    public ulong Sum(ComputeThreads threads)
    {
        var work = new Work(_chunks, new ulong[_chunks.Length]);
        threads.Run(ref work, _chunks.Length);
        return work.Sums.Aggregate(0UL, (sum, chunk) => unchecked(sum + chunk));
    }

    private static IEnumerable<(Linear Matrix, long Offset)> Chunks(Linear matrix)
    {
        for (long offset = 0; offset < matrix.ByteCount; offset += ChunkBytes)
            yield return (matrix, offset);
    }

    /// <param name="Sums">Of each chunk, written.</param>
    private readonly record struct Work((Linear Matrix, long Offset)[] Chunks, ulong[] Sums) : IParallelWork
    {
        public void Execute(int chunk, int thread)
        {
            var (matrix, offset) = Chunks[chunk];
            Sums[chunk] = MemoryRead.Sum(matrix.Weights + offset, Math.Min(ChunkBytes, matrix.ByteCount - offset));
        }
    }
}
