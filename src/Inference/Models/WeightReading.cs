using SplitActors.Inference.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>Reads matrices as fast as memory allows, each thread a range of neighbouring chunks, as when they are multiplied.</summary>
internal readonly unsafe struct WeightReading : IParallelWork
{
    private const long ChunkBytes = 256 << 10;

    private readonly (nint Address, long ByteCount)[] _chunks;
    private readonly ulong[] _sums; // of each chunk

    private WeightReading((nint Address, long ByteCount)[] chunks) => (_chunks, _sums) = (chunks, new ulong[chunks.Length]);

    /// <returns>The sum of all 64-bit words, whatever the threads: it keeps the reading from being optimized away.</returns>
    public static ulong Sum(IEnumerable<Linear> matrices, ComputeThreads threads)
    {
        var reading = new WeightReading([.. matrices.SelectMany(Chunks)]);
        threads.Run(ref reading, reading._chunks.Length);
        return reading._sums.Aggregate(0UL, (sum, chunk) => unchecked(sum + chunk));
    }

    public void Execute(int chunk, int thread) => _sums[chunk] = MemoryRead.Sum((byte*)_chunks[chunk].Address, _chunks[chunk].ByteCount);

    private static IEnumerable<(nint Address, long ByteCount)> Chunks(Linear matrix)
    {
        for (long offset = 0; offset < matrix.ByteCount; offset += ChunkBytes)
            yield return (AddressOf(matrix, offset), Math.Min(ChunkBytes, matrix.ByteCount - offset));
    }

    private static nint AddressOf(Linear matrix, long offset) => (nint)(matrix.Weights + offset);
}
