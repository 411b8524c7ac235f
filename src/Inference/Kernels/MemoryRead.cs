using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// Adds up memory, in 64-bit words that wrap around: the least that a computation over all of it can do, and so the yardstick for those that memory
/// limits.
/// </summary>
internal static unsafe class MemoryRead
{
    /// <summary>Bytes of one step: eight registers, so that no addition waits for the one before.</summary>
    private const int StepBytes = 8 * 64;

    /// <summary>How far ahead lines are asked for; the processor's own prefetch ends at each 4 KB page.</summary>
    private const int AheadBytes = 4608;

    /// <summary>The sum of all words; bytes at the end that make no word count as one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong Sum(byte* bytes, long byteCount)
    {
        var sum = 0UL;
        var end = bytes + byteCount;
        if (Vector512.IsHardwareAccelerated)
            sum = Sum512(ref bytes, end);
        else if (Vector256.IsHardwareAccelerated)
            sum = Sum256(ref bytes, end);
        return sum + SumScalar(bytes, end);
    }

    public static ulong SumScalar(byte* bytes, byte* end)
    {
        var sum = 0UL;
        for (; end - bytes >= sizeof(ulong); bytes += sizeof(ulong))
            sum += Unsafe.ReadUnaligned<ulong>(bytes);
        for (var shift = 0; bytes < end; bytes++, shift += 8)
            sum += (ulong)*bytes << shift;
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Sum512(ref byte* bytes, byte* end)
    {
        Vector512<ulong> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        var words = (ulong*)bytes;
        for (; end - (byte*)words >= StepBytes; words += StepBytes / sizeof(ulong))
        {
            Ask((byte*)words + AheadBytes);
            s0 += Vector512.Load(words);
            s1 += Vector512.Load(words + 8);
            s2 += Vector512.Load(words + 16);
            s3 += Vector512.Load(words + 24);
            s4 += Vector512.Load(words + 32);
            s5 += Vector512.Load(words + 40);
            s6 += Vector512.Load(words + 48);
            s7 += Vector512.Load(words + 56);
        }

        bytes = (byte*)words;
        return Vector512.Sum(s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Sum256(ref byte* bytes, byte* end)
    {
        Vector256<ulong> s0 = default, s1 = default, s2 = default, s3 = default;
        var words = (ulong*)bytes;
        for (; end - (byte*)words >= StepBytes; words += StepBytes / sizeof(ulong))
        {
            Ask((byte*)words + AheadBytes);
            for (var word = words; word < words + (StepBytes / sizeof(ulong)); word += 16)
            {
                s0 += Vector256.Load(word);
                s1 += Vector256.Load(word + 4);
                s2 += Vector256.Load(word + 8);
                s3 += Vector256.Load(word + 12);
            }
        }

        bytes = (byte*)words;
        return Vector256.Sum(s0 + s1 + (s2 + s3));
    }

    /// <summary>One step's lines; an address without memory is ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(byte* address)
    {
        if (!Sse.IsSupported)
            return;
        for (var line = 0; line < StepBytes; line += 64)
            Sse.Prefetch0(address + line);
    }
}
