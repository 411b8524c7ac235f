using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>Memory for the weights of a probe, in every format in turn.</summary>
/// <param name="Memory">The longest ring.</param>
/// <param name="RingBytesMin">Enough for a large model.</param>
/// <param name="StoredWeightBytes">Of a weight that is not quantized: 2 or 4.</param>
internal sealed record ProbeMemory(NativeSlice Memory, long RingBytesMin, int StoredWeightBytes)
{
    private const int CacheMultiple = 6; // as caches do not simply drop what was used longest ago, less would be found there in part
    private const long RingBytesLeast = 64 << 20;

    private const byte FiniteByte = 0x2C; // in every format a small number: as a half 0.07, as BF16 2.4e-12, as codes all alike

    /// <summary>Written once so that each page is there.</summary>
    /// <param name="config">Whose matrices must fit.</param>
    /// <param name="formats">In any of these.</param>
    /// <param name="lastCacheBytes">What the processor's last cache holds; 0 if that is not known.</param>
    /// <param name="storedWeightBytes">Of a weight that is not quantized: 2 or 4.</param>
    /// <exception cref="UserErrorException">There is not as much memory.</exception>
    public static unsafe ProbeMemory Allocate(ModelConfig config, IEnumerable<WeightFormat> formats, long lastCacheBytes, int storedWeightBytes = sizeof(ushort))
    {
        var ringBytesMin = Math.Max(RingBytesLeast, CacheMultiple * lastCacheBytes);
        var byteCount = formats.Max(format => ProbeWeights.RingBytesOf(config, format, ringBytesMin, storedWeightBytes));
        var memory = new NativeArena().Allocate(byteCount);
        for (var done = 0L; done < byteCount; done += int.MaxValue)
            new Span<byte>(memory.Pointer + done, (int)Math.Min(int.MaxValue, byteCount - done)).Fill(FiniteByte);
        return new ProbeMemory(memory, ringBytesMin, storedWeightBytes);
    }
}
