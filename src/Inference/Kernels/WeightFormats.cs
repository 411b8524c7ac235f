using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels;

/// <summary>How 16 neighbouring weights of one matrix row become float32. Conversion is exact.</summary>
internal unsafe interface IWeightFormat
{
    static abstract int ElementBytes { get; }

    static abstract Vector512<float> Load(byte* row, int index);

    static abstract float LoadScalar(byte* row, int index);
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16Weights : IWeightFormat
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* row, int index)
    {
        var halves = Vector256.Load((ushort*)row + index);
        if (Avx512F.IsSupported)
            return (Avx512F.ConvertToVector512UInt32(halves) << 16).AsSingle();
        var (lower, upper) = Vector256.Widen(halves);
        return (Vector512.Create(lower, upper) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadScalar(byte* row, int index) => BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[index] << 16);
}

internal readonly unsafe struct Float32Weights : IWeightFormat
{
    public static int ElementBytes => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* row, int index) => Vector512.Load((float*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadScalar(byte* row, int index) => ((float*)row)[index];
}

/// <summary>IEEE half precision, as in older checkpoints.</summary>
internal readonly unsafe struct Float16Weights : IWeightFormat
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* row, int index) => HalfVector.Load((short*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadScalar(byte* row, int index) => (float)((Half*)row)[index];
}
