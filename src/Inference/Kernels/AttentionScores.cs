using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// <c>scores[pair][position] = scale · Σ_d q[d][pair]·K[d][position]</c> over one block of 16 positions: each lane is a position and adds d in
/// ascending order. Several pairs of row and head go together, which hides the latency of the multiply-adds and changes no pair's bits.
/// </summary>
internal static unsafe class AttentionScores
{
    /// <summary>The wider of the two kernels; packed queries come in groups of so many pairs, the last one may be <see cref="Half"/>.</summary>
    public const int Group = 8;

    public const int Half = 4;

    /// <param name="block">K, [D][16]</param>
    /// <param name="queries">[D][8]</param>
    /// <param name="headDim">D</param>
    /// <param name="scale">1/√D</param>
    /// <param name="scores">[8][stride], 16 of each written</param>
    /// <param name="stride">Floats from one pair's scores to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Eight<TBlock>(byte* block, float* queries, int headDim, float scale, float* scores, nint stride)
        where TBlock : struct, IKvBlock
    {
        var (gridScale, gridMin) = KvBlockGrid.Load<TBlock>(block, headDim);
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (nint d = 0; d < headDim; d++, queries += Group)
        {
            var key = Key<TBlock>(block, d, gridScale, gridMin);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[0]), key, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[1]), key, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[2]), key, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[3]), key, s3);
            s4 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[4]), key, s4);
            s5 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[5]), key, s5);
            s6 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[6]), key, s6);
            s7 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[7]), key, s7);
        }

        Store(s0, s1, s2, s3, scale, scores, stride);
        Store(s4, s5, s6, s7, scale, scores + (4 * stride), stride);
    }

    /// <summary>As <see cref="Eight"/>, with queries [D][4].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Four<TBlock>(byte* block, float* queries, int headDim, float scale, float* scores, nint stride)
        where TBlock : struct, IKvBlock
    {
        var (gridScale, gridMin) = KvBlockGrid.Load<TBlock>(block, headDim);
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (nint d = 0; d < headDim; d++, queries += Half)
        {
            var key = Key<TBlock>(block, d, gridScale, gridMin);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[0]), key, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[1]), key, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[2]), key, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(queries[3]), key, s3);
        }

        Store(s0, s1, s2, s3, scale, scores, stride);
    }

    /// <summary>Decodes a block of K to float32 [D][16].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<TBlock>(byte* block, int headDim, float* widened)
        where TBlock : struct, IKvBlock
    {
        var (gridScale, gridMin) = KvBlockGrid.Load<TBlock>(block, headDim);
        for (nint d = 0; d < headDim; d++)
            Key<TBlock>(block, d, gridScale, gridMin).Store(widened + (d * Lanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Key<TBlock>(byte* block, nint d, Vector512<float> gridScale, Vector512<float> gridMin)
        where TBlock : struct, IKvBlock
    {
        var values = TBlock.Load(block, d * Lanes.Count);
        return TBlock.HasGrid ? Vector512.FusedMultiplyAdd(values, gridScale, gridMin) : values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3, float scale, float* scores, nint stride)
    {
        (s0 * scale).Store(scores);
        (s1 * scale).Store(scores + stride);
        (s2 * scale).Store(scores + (2 * stride));
        (s3 * scale).Store(scores + (3 * stride));
    }
}
