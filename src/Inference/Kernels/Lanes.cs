using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// The numeric contract of every float32 kernel. A sum over k is held in 16 lanes: lane i adds the terms k = i, i+16, i+32, …
/// in that order with fused multiply-add; the lanes are then added pairwise in one fixed tree. Because neither the batch size,
/// the tile shape nor the vector width changes that order, results are the same bit for bit for any batch, split point and
/// instruction set, and a session that is replayed elsewhere goes on identically.
/// </summary>
/// <remarks><see cref="Vector512{T}"/> is one register with AVX-512 and two or four narrower ones elsewhere; the lanes are the same.</remarks>
internal static class Lanes
{
    public const int Count = 16;

    /// <summary>Adds 16 lanes: i and i+8, then i and i+4, then i and i+2, then the last two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> lanes)
    {
        var eight = lanes.GetLower() + lanes.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        var two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two.ToScalar() + two.GetElement(1);
    }

    /// <summary>Loads the last <paramref name="count"/> (below 16) floats; the other lanes are zero.</summary>
    public static Vector512<float> LoadTail(ref readonly float source, int count)
    {
        Span<float> lanes = stackalloc float[Count];
        lanes.Clear();
        for (var i = 0; i < count; i++)
            lanes[i] = Unsafe.Add(ref Unsafe.AsRef(in source), i);
        return Vector512.LoadUnsafe(ref lanes[0]);
    }

    /// <summary>Stores the first lanes, fewer than 16.</summary>
    public static void StoreTail(Vector512<float> lanes, Span<float> destination)
    {
        Span<float> all = stackalloc float[Count];
        lanes.StoreUnsafe(ref all[0]);
        all[..destination.Length].CopyTo(destination);
    }

    /// <summary>The largest of 16 lanes.</summary>
    public static float Max(Vector512<float> lanes)
    {
        var eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(two.ToScalar(), two.GetElement(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ref readonly float source, int index) =>
        Vector512.LoadUnsafe(in source, (nuint)index);
}
