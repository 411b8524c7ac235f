using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// <c>sums[pair][i] += Σ_position weights[pair][position]·V[position][i]</c> over positions of one block, added in ascending order, 16 columns
/// to a vector. The last vector of a row may reach into what follows V; those lanes of the sums are never read.
/// </summary>
/// <typeparam name="TBlock">How V is stored.</typeparam>
internal static unsafe class AttentionSums<TBlock>
    where TBlock : struct, IKvBlock
{
    private const int FourVectors = 4 * Lanes.Count;

    /// <summary>Four pairs.</summary>
    /// <param name="block">V, [16][D]</param>
    /// <param name="headDim">D</param>
    /// <param name="from">First position within the block.</param>
    /// <param name="to">End of the positions.</param>
    /// <param name="weights">[4][weightStride], from the block's first position on</param>
    /// <param name="weightStride">Floats from one pair's weights to the next.</param>
    /// <param name="sums">[4][sumStride]</param>
    /// <param name="sumStride">D, rounded up to 16</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Four(byte* block, int headDim, int from, int to, float* weights, nint weightStride, float* sums, nint sumStride)
    {
        var grid = new PositionGrid(block, headDim);
        nint column = 0;
        for (; column <= sumStride - FourVectors; column += FourVectors)
            FourByFour(block, headDim, from, to, weights, weightStride, sums + column, sumStride, column, ref grid);
        for (; column < sumStride; column += Lanes.Count)
            FourByOne(block, headDim, from, to, weights, weightStride, sums + column, sumStride, column, ref grid);
    }

    /// <summary>As <see cref="Four"/>, one pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void One(byte* block, int headDim, int from, int to, float* weights, float* sums, nint sumStride)
    {
        var grid = new PositionGrid(block, headDim);
        nint column = 0;
        for (; column <= sumStride - FourVectors; column += FourVectors)
            OneByFour(block, headDim, from, to, weights, sums + column, column, ref grid);
        for (; column < sumStride; column += Lanes.Count)
            OneByOne(block, headDim, from, to, weights, sums + column, column, ref grid);
    }

    /// <summary>Decodes the first positions of a block to float32 [count][D], and up to 15 floats more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(byte* block, int headDim, int count, float* widened)
    {
        var grid = new PositionGrid(block, headDim);
        for (var position = 0; position < count; position++)
        {
            for (nint i = 0; i < headDim; i += Lanes.Count)
                grid.Value(block, ((nint)position * headDim) + i, position).Store(widened + ((nint)position * headDim) + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(
        byte* block, int headDim, int from, int to, float* weights, nint weightStride, float* sums, nint sumStride, nint column, ref PositionGrid grid)
    {
        float* sums1 = sums + sumStride, sums2 = sums1 + sumStride, sums3 = sums2 + sumStride;
        float* weights1 = weights + weightStride, weights2 = weights1 + weightStride, weights3 = weights2 + weightStride;
        Vector512<float> a0 = At(sums, 0), a1 = At(sums, 1), a2 = At(sums, 2), a3 = At(sums, 3);
        Vector512<float> b0 = At(sums1, 0), b1 = At(sums1, 1), b2 = At(sums1, 2), b3 = At(sums1, 3);
        Vector512<float> c0 = At(sums2, 0), c1 = At(sums2, 1), c2 = At(sums2, 2), c3 = At(sums2, 3);
        Vector512<float> d0 = At(sums3, 0), d1 = At(sums3, 1), d2 = At(sums3, 2), d3 = At(sums3, 3);
        var index = ((nint)from * headDim) + column;
        for (nint position = from; position < to; position++, index += headDim)
        {
            var v0 = grid.Value(block, index, position);
            var v1 = grid.Value(block, index + Lanes.Count, position);
            var v2 = grid.Value(block, index + (2 * Lanes.Count), position);
            var v3 = grid.Value(block, index + (3 * Lanes.Count), position);
            Add(weights[position], v0, v1, v2, v3, ref a0, ref a1, ref a2, ref a3);
            Add(weights1[position], v0, v1, v2, v3, ref b0, ref b1, ref b2, ref b3);
            Add(weights2[position], v0, v1, v2, v3, ref c0, ref c1, ref c2, ref c3);
            Add(weights3[position], v0, v1, v2, v3, ref d0, ref d1, ref d2, ref d3);
        }

        Store(sums, a0, a1, a2, a3);
        Store(sums1, b0, b1, b2, b3);
        Store(sums2, c0, c1, c2, c3);
        Store(sums3, d0, d1, d2, d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByOne(
        byte* block, int headDim, int from, int to, float* weights, nint weightStride, float* sums, nint sumStride, nint column, ref PositionGrid grid)
    {
        Vector512<float> a = At(sums, 0), b = At(sums + sumStride, 0), c = At(sums + (2 * sumStride), 0), d = At(sums + (3 * sumStride), 0);
        for (nint position = from; position < to; position++)
        {
            var value = grid.Value(block, (position * headDim) + column, position);
            Add(weights[position], value, ref a);
            Add(weights[weightStride + position], value, ref b);
            Add(weights[(2 * weightStride) + position], value, ref c);
            Add(weights[(3 * weightStride) + position], value, ref d);
        }

        a.Store(sums);
        b.Store(sums + sumStride);
        c.Store(sums + (2 * sumStride));
        d.Store(sums + (3 * sumStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFour(byte* block, int headDim, int from, int to, float* weights, float* sums, nint column, ref PositionGrid grid)
    {
        Vector512<float> a0 = At(sums, 0), a1 = At(sums, 1), a2 = At(sums, 2), a3 = At(sums, 3);
        for (nint position = from; position < to; position++)
        {
            var index = (position * headDim) + column;
            var (v0, v1) = (grid.Value(block, index, position), grid.Value(block, index + Lanes.Count, position));
            var (v2, v3) = (grid.Value(block, index + (2 * Lanes.Count), position), grid.Value(block, index + (3 * Lanes.Count), position));
            Add(weights[position], v0, v1, v2, v3, ref a0, ref a1, ref a2, ref a3);
        }

        Store(sums, a0, a1, a2, a3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(byte* block, int headDim, int from, int to, float* weights, float* sums, nint column, ref PositionGrid grid)
    {
        var sum = At(sums, 0);
        for (nint position = from; position < to; position++)
            Add(weights[position], grid.Value(block, (position * headDim) + column, position), ref sum);
        sum.Store(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> At(float* sums, int vector) => Vector512.Load(sums + (vector * Lanes.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float weight, Vector512<float> value, ref Vector512<float> sum) =>
        sum = Vector512.FusedMultiplyAdd(Vector512.Create(weight), value, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        float weight, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3,
        ref Vector512<float> s0, ref Vector512<float> s1, ref Vector512<float> s2, ref Vector512<float> s3)
    {
        Add(weight, v0, ref s0);
        Add(weight, v1, ref s1);
        Add(weight, v2, ref s2);
        Add(weight, v3, ref s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* sums, Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3)
    {
        s0.Store(sums);
        s1.Store(sums + Lanes.Count);
        s2.Store(sums + (2 * Lanes.Count));
        s3.Store(sums + (3 * Lanes.Count));
    }

    /// <summary>Scale and minimum of each position, in float32.</summary>
    private struct PositionGrid
    {
        private fixed float _scales[Lanes.Count];
        private fixed float _minima[Lanes.Count];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        [SkipLocalsInit]
        public PositionGrid(byte* block, int headDim)
        {
            if (!TBlock.HasGrid)
                return;
            var (scale, min) = KvBlockGrid.Load<TBlock>(block, headDim);
            scale.StoreUnsafe(ref _scales[0]);
            min.StoreUnsafe(ref _minima[0]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector512<float> Value(byte* block, nint index, nint position)
        {
            var values = TBlock.Load(block, index);
            return TBlock.HasGrid
                ? Vector512.FusedMultiplyAdd(values, Vector512.Create(_scales[position]), Vector512.Create(_minima[position]))
                : values;
        }
    }
}
