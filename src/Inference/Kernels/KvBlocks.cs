using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// 16·D stored values: K as [D][16 positions] or V as [16 positions][D]. With a grid, a value is <c>min + scale·code</c> of its position, and
/// the block ends with 16 scales and 16 minima.
/// </summary>
internal unsafe interface IKvBlock
{
    static abstract bool HasGrid { get; }

    static abstract int ByteCount(int headDim);

    /// <summary>16 neighbouring values, or codes, as float32.</summary>
    static abstract Vector512<float> Load(byte* block, nint index);

    /// <summary>Stores x[i] as element <paramref name="first"/> + i·<paramref name="stride"/>.</summary>
    /// <param name="block">The block.</param>
    /// <param name="slot">Position within the page.</param>
    /// <param name="first">Element of x[0].</param>
    /// <param name="stride">Elements from one to the next.</param>
    /// <param name="x">[D]</param>
    static abstract void Write(byte* block, int slot, int first, int stride, ReadOnlySpan<float> x);
}

internal readonly unsafe struct Float32Block : IKvBlock
{
    public static bool HasGrid => false;

    public static int ByteCount(int headDim) => checked(Lanes.Count * headDim * sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* block, nint index) => Vector512.Load((float*)block + index);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(byte* block, int slot, int first, int stride, ReadOnlySpan<float> x)
    {
        for (var i = 0; i < x.Length; i++)
            ((float*)block)[first + (i * stride)] = x[i];
    }
}

internal readonly unsafe struct Float16Block : IKvBlock
{
    public static bool HasGrid => false;

    public static int ByteCount(int headDim) => checked(Lanes.Count * headDim * sizeof(short));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* block, nint index) => HalfVector.Load((short*)block + index);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(byte* block, int slot, int first, int stride, ReadOnlySpan<float> x)
    {
        for (var i = 0; i < x.Length; i++)
            ((Half*)block)[first + (i * stride)] = HalfVector.Saturate(x[i]);
    }
}

internal readonly unsafe struct Int8Block : IKvBlock
{
    private const int Bits = 8;

    public static bool HasGrid => true;

    public static int ByteCount(int headDim) => checked((Lanes.Count * headDim) + KvBlockGrid.ByteCount);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* block, nint index) => Widen(Vector128.Load(block + index));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(byte* block, int slot, int first, int stride, ReadOnlySpan<float> x)
    {
        var grid = KvGrid.Fit(x, Bits);
        KvBlockGrid.Store(block + (Lanes.Count * x.Length), slot, grid);
        var encoder = grid.EncoderFor(Bits);
        for (var i = 0; i < x.Length; i++)
            block[first + (i * stride)] = encoder.Encode(x[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Widen(Vector128<byte> codes)
    {
        if (Avx512F.IsSupported)
            return Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(codes));
        var (lower, upper) = Vector128.Widen(codes);
        var (first, second) = Vector128.Widen(lower);
        var (third, fourth) = Vector128.Widen(upper);
        return Vector512.ConvertToSingle(Vector512.Create(Vector256.Create(first, second), Vector256.Create(third, fourth)).AsInt32());
    }
}

/// <summary>Two codes to a byte, the first in the low half.</summary>
internal readonly unsafe struct Int4Block : IKvBlock
{
    private const int Bits = 4;

    public static bool HasGrid => true;

    public static int ByteCount(int headDim) => checked((Lanes.Count * headDim / 2) + KvBlockGrid.ByteCount);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* block, nint index)
    {
        var pairs = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)(block + (index >> 1))).AsByte()); // 8 words of two codes
        var codes = (pairs | (pairs << Bits)) & Vector128.Create((ushort)0x0F0F);
        return Int8Block.Widen(codes.AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(byte* block, int slot, int first, int stride, ReadOnlySpan<float> x)
    {
        var grid = KvGrid.Fit(x, Bits);
        KvBlockGrid.Store(block + (Lanes.Count * x.Length / 2), slot, grid);
        var encoder = grid.EncoderFor(Bits);
        for (var i = 0; i < x.Length; i++)
        {
            var element = first + (i * stride);
            var shift = (element & 1) * Bits;
            ref var pair = ref block[element >> 1];
            pair = (byte)((pair & ~(0x0F << shift)) | (encoder.Encode(x[i]) << shift));
        }
    }
}

/// <summary>The end of an integer block: scale[16], min[16], in half.</summary>
internal static unsafe class KvBlockGrid
{
    public const int ByteCount = 2 * Lanes.Count * sizeof(short);

    public static void Store(byte* grids, int slot, KvGrid grid)
    {
        ((Half*)grids)[slot] = grid.Scale;
        ((Half*)grids)[Lanes.Count + slot] = grid.Min;
    }

    /// <summary>Scale and minimum of all positions; without a grid they are not used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Scale, Vector512<float> Min) Load<TBlock>(byte* block, int headDim)
        where TBlock : struct, IKvBlock
    {
        if (!TBlock.HasGrid)
            return default;
        var grids = (short*)(block + TBlock.ByteCount(headDim) - ByteCount);
        return (HalfVector.LoadOrNaN(grids), HalfVector.LoadOrNaN(grids + Lanes.Count));
    }
}
