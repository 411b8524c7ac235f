using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression;

/// <summary>Sixteen integers from 0 to 255 as bytes, and back.</summary>
internal static class ByteLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> values, ref byte destination)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.ConvertToVector128Byte(values).StoreUnsafe(ref destination);
            return;
        }

        var halves = Vector256.Narrow(values.GetLower(), values.GetUpper());
        Vector128.Narrow(halves.GetLower(), halves.GetUpper()).AsByte().StoreUnsafe(ref destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(ref readonly byte source)
    {
        var bytes = Vector128.LoadUnsafe(in source);
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Int32(bytes);
        var (lower, upper) = Vector128.Widen(bytes);
        var (first, second) = Vector128.Widen(lower);
        var (third, fourth) = Vector128.Widen(upper);
        return Vector512.Create(Vector256.Create(first, second), Vector256.Create(third, fourth)).AsInt32();
    }
}
