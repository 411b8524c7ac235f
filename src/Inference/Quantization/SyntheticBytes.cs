using System.Runtime.InteropServices;

namespace SplitActors.Inference.Quantization;

/// <summary>Bytes that look random and cost little: the generator of Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003).</summary>
internal static class SyntheticBytes
{
    /// <summary>The seed of a matrix's first row or tile; those of the others follow.</summary>
    /// <param name="matrix">Counted from 0, in the order in which a model uses its matrices.</param>
    public static ulong SeedOf(ulong matrix) => matrix << 32;

    /// <param name="bytes">Written; a multiple of 8 long.</param>
    /// <param name="seed">The same seed gives the same bytes.</param>
    public static void Fill(Span<byte> bytes, ulong seed)
    {
        var state = (seed * 0x9E3779B97F4A7C15) | 1;
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }
    }
}
