using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// Y = X·Wᵀ: <c>y[t, r] = Σ_k w[r, k]·x[t, k]</c> with X [tokens, inputs], W [outputs, inputs] row-major, Y [tokens, stride], of which the first
/// columns are written; float32 accumulation in the lane order of <see cref="Lanes"/>. Threads may each compute a range of W's rows.
/// </summary>
internal static unsafe class MatMul
{
    private const int RowTile = 4;
    private const int TokenTile = 4;
    private const int GemvRowTile = 8;
    private const int PrefetchRows = 2 * GemvRowTile; // of one to three times, the fastest on Zen 4

    /// <summary>Computes all of <paramref name="y"/>. The caller has checked the sizes of the three buffers.</summary>
    public static void Multiply<TWeights>(byte* w, float* x, float* y, int tokenCount, int inputSize, int outputSize, int stride)
        where TWeights : struct, IWeightFormat
    {
        var token = 0;
        for (; token <= tokenCount - TokenTile; token += TokenTile)
            MultiplyTile4<TWeights>(w, x + ((nint)token * inputSize), y + ((nint)token * stride), inputSize, outputSize, stride);
        for (; token < tokenCount; token++)
            MultiplyOne<TWeights>(w, x + ((nint)token * inputSize), y + ((nint)token * stride), inputSize, outputSize);
    }

    /// <summary>The scalar reference: the same lanes, one multiplication at a time.</summary>
    public static void MultiplyScalar<TWeights>(byte* w, float* x, float* y, int tokenCount, int inputSize, int outputSize)
        where TWeights : struct, IWeightFormat
    {
        Span<float> lanes = stackalloc float[Lanes.Count];
        for (var token = 0; token < tokenCount; token++)
        {
            for (var row = 0; row < outputSize; row++)
            {
                lanes.Clear();
                var weights = w + ((nint)row * inputSize * TWeights.ElementBytes);
                for (var k = 0; k < inputSize; k++)
                {
                    ref var lane = ref lanes[k % Lanes.Count];
                    lane = MathF.FusedMultiplyAdd(TWeights.LoadScalar(weights, k), x[((nint)token * inputSize) + k], lane);
                }

                for (var width = Lanes.Count / 2; width >= 1; width /= 2)
                {
                    for (var i = 0; i < width; i++)
                        lanes[i] += lanes[i + width];
                }

                y[((nint)token * outputSize) + row] = lanes[0];
            }
        }
    }

    /// <summary>One token: eight rows at a time, so that eight independent chains hide the latency of fused multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyOne<TWeights>(byte* w, float* x, float* y, int inputSize, int outputSize)
        where TWeights : struct, IWeightFormat
    {
        var stride = (nint)inputSize * TWeights.ElementBytes;
        var vectorEnd = inputSize - (inputSize % Lanes.Count);
        var row = 0;
        for (; row <= outputSize - GemvRowTile; row += GemvRowTile)
        {
            var w0 = w + (row * stride);
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
            Vector512<float> a4 = default, a5 = default, a6 = default, a7 = default;
            var ahead = w0 + (PrefetchRows * stride);
            for (var k = 0; k < vectorEnd; k += Lanes.Count)
            {
                var xs = Vector512.Load(x + k);
                Prefetch<TWeights>(ahead + ((nint)k * GemvRowTile * TWeights.ElementBytes));
                a0 = Vector512.FusedMultiplyAdd(TWeights.Load(w0, k), xs, a0);
                a1 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + stride, k), xs, a1);
                a2 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (2 * stride), k), xs, a2);
                a3 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (3 * stride), k), xs, a3);
                a4 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (4 * stride), k), xs, a4);
                a5 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (5 * stride), k), xs, a5);
                a6 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (6 * stride), k), xs, a6);
                a7 = Vector512.FusedMultiplyAdd(TWeights.Load(w0 + (7 * stride), k), xs, a7);
            }

            y[row] = Finish<TWeights>(a0, w0, x, vectorEnd, inputSize);
            y[row + 1] = Finish<TWeights>(a1, w0 + stride, x, vectorEnd, inputSize);
            y[row + 2] = Finish<TWeights>(a2, w0 + (2 * stride), x, vectorEnd, inputSize);
            y[row + 3] = Finish<TWeights>(a3, w0 + (3 * stride), x, vectorEnd, inputSize);
            y[row + 4] = Finish<TWeights>(a4, w0 + (4 * stride), x, vectorEnd, inputSize);
            y[row + 5] = Finish<TWeights>(a5, w0 + (5 * stride), x, vectorEnd, inputSize);
            y[row + 6] = Finish<TWeights>(a6, w0 + (6 * stride), x, vectorEnd, inputSize);
            y[row + 7] = Finish<TWeights>(a7, w0 + (7 * stride), x, vectorEnd, inputSize);
        }

        for (; row < outputSize; row++)
            y[row] = Dot<TWeights>(w + (row * stride), x, vectorEnd, inputSize);
    }

    /// <summary>
    /// What one step of eight rows reads, of rows that follow: the processor's own prefetch ends at each 4 KB page, and rows of small models are shorter. Into the
    /// second cache, as the first has too few misses in flight.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch<TWeights>(byte* lines)
        where TWeights : struct, IWeightFormat
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch1(lines);
        Sse.Prefetch1(lines + 64);
        Sse.Prefetch1(lines + 128);
        Sse.Prefetch1(lines + 192);
        if (TWeights.ElementBytes == 2)
            return;
        Sse.Prefetch1(lines + 256);
        Sse.Prefetch1(lines + 320);
        Sse.Prefetch1(lines + 384);
        Sse.Prefetch1(lines + 448);
    }

    /// <summary>Four tokens: tiles of four rows, so that each weight is loaded once for four tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyTile4<TWeights>(byte* w, float* x, float* y, int inputSize, int outputSize, int yStride)
        where TWeights : struct, IWeightFormat
    {
        var stride = (nint)inputSize * TWeights.ElementBytes;
        var vectorEnd = inputSize - (inputSize % Lanes.Count);
        var row = 0;
        for (; row <= outputSize - RowTile; row += RowTile)
            MultiplyTile4x4<TWeights>(w + (row * stride), x, y + row, vectorEnd, inputSize, yStride);
        for (; row < outputSize; row++)
        {
            for (var t = 0; t < TokenTile; t++)
                y[((nint)t * yStride) + row] = Dot<TWeights>(w + (row * stride), x + ((nint)t * inputSize), vectorEnd, inputSize);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyTile4x4<TWeights>(byte* w, float* x, float* y, int vectorEnd, int inputSize, int yStride)
        where TWeights : struct, IWeightFormat
    {
        var stride = (nint)inputSize * TWeights.ElementBytes;
        float* x1 = x + inputSize, x2 = x1 + inputSize, x3 = x2 + inputSize;
        Vector512<float> a00 = default, a01 = default, a02 = default, a03 = default;
        Vector512<float> a10 = default, a11 = default, a12 = default, a13 = default;
        Vector512<float> a20 = default, a21 = default, a22 = default, a23 = default;
        Vector512<float> a30 = default, a31 = default, a32 = default, a33 = default;
        for (var k = 0; k < vectorEnd; k += Lanes.Count)
        {
            var t0 = Vector512.Load(x + k);
            var t1 = Vector512.Load(x1 + k);
            var t2 = Vector512.Load(x2 + k);
            var t3 = Vector512.Load(x3 + k);
            var r = TWeights.Load(w, k);
            a00 = Vector512.FusedMultiplyAdd(r, t0, a00);
            a01 = Vector512.FusedMultiplyAdd(r, t1, a01);
            a02 = Vector512.FusedMultiplyAdd(r, t2, a02);
            a03 = Vector512.FusedMultiplyAdd(r, t3, a03);
            r = TWeights.Load(w + stride, k);
            a10 = Vector512.FusedMultiplyAdd(r, t0, a10);
            a11 = Vector512.FusedMultiplyAdd(r, t1, a11);
            a12 = Vector512.FusedMultiplyAdd(r, t2, a12);
            a13 = Vector512.FusedMultiplyAdd(r, t3, a13);
            r = TWeights.Load(w + (2 * stride), k);
            a20 = Vector512.FusedMultiplyAdd(r, t0, a20);
            a21 = Vector512.FusedMultiplyAdd(r, t1, a21);
            a22 = Vector512.FusedMultiplyAdd(r, t2, a22);
            a23 = Vector512.FusedMultiplyAdd(r, t3, a23);
            r = TWeights.Load(w + (3 * stride), k);
            a30 = Vector512.FusedMultiplyAdd(r, t0, a30);
            a31 = Vector512.FusedMultiplyAdd(r, t1, a31);
            a32 = Vector512.FusedMultiplyAdd(r, t2, a32);
            a33 = Vector512.FusedMultiplyAdd(r, t3, a33);
        }

        FinishRow<TWeights>(a00, a01, a02, a03, w, x, y, vectorEnd, inputSize, yStride);
        FinishRow<TWeights>(a10, a11, a12, a13, w + stride, x, y + 1, vectorEnd, inputSize, yStride);
        FinishRow<TWeights>(a20, a21, a22, a23, w + (2 * stride), x, y + 2, vectorEnd, inputSize, yStride);
        FinishRow<TWeights>(a30, a31, a32, a33, w + (3 * stride), x, y + 3, vectorEnd, inputSize, yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<TWeights>(
        Vector512<float> a0, Vector512<float> a1, Vector512<float> a2, Vector512<float> a3,
        byte* w, float* x, float* y, int vectorEnd, int inputSize, int yStride)
        where TWeights : struct, IWeightFormat
    {
        y[0] = Finish<TWeights>(a0, w, x, vectorEnd, inputSize);
        y[yStride] = Finish<TWeights>(a1, w, x + inputSize, vectorEnd, inputSize);
        y[2 * (nint)yStride] = Finish<TWeights>(a2, w, x + (2 * (nint)inputSize), vectorEnd, inputSize);
        y[3 * (nint)yStride] = Finish<TWeights>(a3, w, x + (3 * (nint)inputSize), vectorEnd, inputSize);
    }

    private static float Dot<TWeights>(byte* w, float* x, int vectorEnd, int inputSize)
        where TWeights : struct, IWeightFormat
    {
        Vector512<float> lanes = default;
        for (var k = 0; k < vectorEnd; k += Lanes.Count)
            lanes = Vector512.FusedMultiplyAdd(TWeights.Load(w, k), Vector512.Load(x + k), lanes);
        return Finish<TWeights>(lanes, w, x, vectorEnd, inputSize);
    }

    /// <summary>Adds the inputs after the last full vector to their lanes, then the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Finish<TWeights>(Vector512<float> lanes, byte* w, float* x, int vectorEnd, int inputSize)
        where TWeights : struct, IWeightFormat =>
        Lanes.Sum(vectorEnd == inputSize ? lanes : AddTail<TWeights>(lanes, w, x, vectorEnd, inputSize));

    private static Vector512<float> AddTail<TWeights>(Vector512<float> lanes, byte* w, float* x, int vectorEnd, int inputSize)
        where TWeights : struct, IWeightFormat
    {
        for (var k = vectorEnd; k < inputSize; k++)
        {
            var lane = k - vectorEnd;
            lanes = lanes.WithElement(lane, MathF.FusedMultiplyAdd(TWeights.LoadScalar(w, k), x[k], lanes.GetElement(lane)));
        }

        return lanes;
    }
}
