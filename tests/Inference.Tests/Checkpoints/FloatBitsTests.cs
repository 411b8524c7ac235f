using System.Runtime.InteropServices;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class FloatBitsTests
{
    private static ushort[] AllPatterns { get; } = [.. Enumerable.Range(0, 1 << 16).Select(bits => (ushort)bits)];

    [Fact]
    public void WidenBFloat16_EveryPattern_EqualsScalar()
    {
        float[] simd = new float[AllPatterns.Length], scalar = new float[AllPatterns.Length];
        FloatBits.WidenBFloat16(AllPatterns, simd);
        FloatBits.WidenBFloat16Scalar(AllPatterns, scalar);
        Assert.Equal(MemoryMarshal.Cast<float, uint>(scalar), MemoryMarshal.Cast<float, uint>(simd));
    }

    [Fact]
    public void WidenHalf_EveryPattern_EqualsScalar()
    {
        float[] simd = new float[AllPatterns.Length], scalar = new float[AllPatterns.Length];
        FloatBits.WidenHalf(AllPatterns, simd);
        FloatBits.WidenHalfScalar(AllPatterns, scalar);
        for (var i = 0; i < simd.Length; i++)
        {
            var bothNaN = float.IsNaN(scalar[i]) && float.IsNaN(simd[i]); // their payloads may differ
            Assert.True(bothNaN || BitConverter.SingleToUInt32Bits(scalar[i]) == BitConverter.SingleToUInt32Bits(simd[i]), $"0x{i:x4}");
        }
    }

    [Theory]
    [InlineData(TensorType.BF16, 0x7f80u, 0x7f7fu)]
    [InlineData(TensorType.F16, 0x7c00u, 0x7bffu)]
    [InlineData(TensorType.F32, 0x7f800000u, 0x7f7fffffu)]
    public void IndexOfNonFinite_AnyPlace_IsFound(TensorType type, uint infinity, uint largestFinite)
    {
        const int Count = 100; // not a multiple of a vector
        var elementBytes = type.ElementBytes();
        for (var index = -1; index < Count; index++)
        {
            var bytes = new byte[Count * elementBytes];
            for (var i = 0; i < Count; i++)
            {
                var sign = i % 2 == 0 ? 0 : 1u << ((8 * elementBytes) - 1);
                var element = BitConverter.GetBytes((i == index ? infinity : largestFinite) | sign).AsSpan(0, elementBytes);
                element.CopyTo(bytes.AsSpan(i * elementBytes));
            }

            Assert.Equal(index, FloatBits.IndexOfNonFinite(type, bytes));
        }
    }
}
