using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// Causal grouped-query attention [arXiv 2305.13245] of one token: for each head h with its KV head g = h·Hkv/H,
/// <c>a = softmax(q_h·K_gᵀ / √D)</c> over all cached positions, <c>y_h = a·V_g</c>, positions added in ascending order.
/// </summary>
internal static class Attention
{
    /// <param name="query">[H, D], already rotated</param>
    /// <param name="keys">[positions, Hkv, D]</param>
    /// <param name="values">[positions, Hkv, D]</param>
    /// <param name="scores">Scratch of at least [positions]</param>
    /// <param name="output">[H, D]</param>
    public static void Attend(
        ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int headDim, int kvWidth, Span<float> scores, Span<float> output)
    {
        var headCount = query.Length / headDim;
        var headsPerKvHead = headCount / (kvWidth / headDim);
        var positionCount = keys.Length / kvWidth;
        var scale = 1f / MathF.Sqrt(headDim);
        scores = scores[..positionCount];
        for (var head = 0; head < headCount; head++)
        {
            var offset = head / headsPerKvHead * headDim;
            Scores(query.Slice(head * headDim, headDim), keys, offset, kvWidth, scale, scores);
            Softmax.Apply(scores);
            WeightedSum(scores, values, offset, kvWidth, output.Slice(head * headDim, headDim));
        }
    }

    /// <summary>The scalar reference of <see cref="Attend"/>, in double precision.</summary>
    public static void AttendScalar(
        ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int headDim, int kvWidth, Span<float> scores, Span<float> output)
    {
        var headCount = query.Length / headDim;
        var positionCount = keys.Length / kvWidth;
        for (var head = 0; head < headCount; head++)
        {
            var offset = head / (headCount / (kvWidth / headDim)) * headDim;
            for (var position = 0; position < positionCount; position++)
            {
                var sum = 0.0;
                for (var i = 0; i < headDim; i++)
                    sum += (double)query[(head * headDim) + i] * keys[(position * kvWidth) + offset + i];
                scores[position] = (float)(sum / Math.Sqrt(headDim));
            }

            Softmax.ApplyScalar(scores[..positionCount]);
            for (var i = 0; i < headDim; i++)
            {
                var sum = 0.0;
                for (var position = 0; position < positionCount; position++)
                    sum += (double)scores[position] * values[(position * kvWidth) + offset + i];
                output[(head * headDim) + i] = (float)sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(ReadOnlySpan<float> query, ReadOnlySpan<float> keys, int offset, int kvWidth, float scale, Span<float> scores)
    {
        for (var position = 0; position < scores.Length; position++)
            scores[position] = DotProduct.Compute(query, keys.Slice((position * kvWidth) + offset, query.Length)) * scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeightedSum(ReadOnlySpan<float> weights, ReadOnlySpan<float> values, int offset, int kvWidth, Span<float> output)
    {
        ref readonly var v0 = ref MemoryMarshal.GetReference(values);
        ref var y0 = ref MemoryMarshal.GetReference(output);
        var i = 0;
        for (; i <= output.Length - Lanes.Count; i += Lanes.Count)
        {
            Vector512<float> sum = default;
            for (var position = 0; position < weights.Length; position++)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[position]), Lanes.Load(in v0, (position * kvWidth) + offset + i), sum);
            sum.StoreUnsafe(ref y0, (nuint)i);
        }

        for (; i < output.Length; i++)
        {
            var sum = 0f;
            for (var position = 0; position < weights.Length; position++)
                sum = MathF.FusedMultiplyAdd(weights[position], values[(position * kvWidth) + offset + i], sum);
            output[i] = sum;
        }
    }
}
