using System.Numerics;
using System.Runtime.InteropServices;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Widening to F32, and the search for NaN and infinity. BF16 is the upper half of an F32 (8 exponent bits, 7 mantissa bits);
/// F16 has 5 exponent bits (bias 15) and 10 mantissa bits. An exponent of all ones is an infinity or NaN in each.
/// </summary>
internal static class FloatBits
{
    /// <summary>Index of the first element whose exponent bits are all ones (NaN or infinity), or −1.</summary>
    internal static int IndexOfNonFinite(TensorType type, ReadOnlySpan<byte> bytes) => type switch
    {
        TensorType.BF16 => IndexOfAllSet<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7f80),
        TensorType.F16 => IndexOfAllSet<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7c00),
        _ => IndexOfAllSet<uint>(MemoryMarshal.Cast<byte, uint>(bytes), 0x7f80_0000),
    };

    internal static int IndexOfAllSetScalar<T>(ReadOnlySpan<T> bits, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < bits.Length; i++)
        {
            if ((bits[i] & mask) == mask)
                return i;
        }

        return -1;
    }

    internal static void WidenBFloat16Scalar(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        for (var i = 0; i < source.Length; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    internal static void WidenHalfScalar(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        for (var i = 0; i < source.Length; i++)
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
    }

    internal static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var i = 0;
        for (; Vector.IsHardwareAccelerated && i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            Vector.AsVectorSingle(low << 16).CopyTo(destination[i..]);
            Vector.AsVectorSingle(high << 16).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        WidenBFloat16Scalar(source[i..], destination[i..]);
    }

    internal static void WidenHalf(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var i = 0;
        for (; Vector.IsHardwareAccelerated && i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            WidenHalf(low).CopyTo(destination[i..]);
            WidenHalf(high).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        WidenHalfScalar(source[i..], destination[i..]);
    }

    /// <summary>
    /// Puts the 15 magnitude bits where F32 has them and multiplies by 2^112, the difference of the exponent biases (127 − 15):
    /// exact for subnormals too. An all-ones exponent (infinity, NaN) is put back by hand.
    /// </summary>
    private static Vector<float> WidenHalf(Vector<uint> half)
    {
        const float BiasScale = 5.192296858534828e33f; // 2^112
        var magnitude = (half & new Vector<uint>(0x7fff)) << 13;
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * BiasScale);
        var nonFinite = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7c00 << 13));
        var sign = (half & new Vector<uint>(0x8000)) << 16;
        return Vector.AsVectorSingle(scaled | sign | (nonFinite & new Vector<uint>(0x7f80_0000)));
    }

    private static int IndexOfAllSet<T>(ReadOnlySpan<T> bits, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        var i = 0;
        var masks = new Vector<T>(mask);
        for (; Vector.IsHardwareAccelerated && i <= bits.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(bits[i..]) & masks, masks))
                break; // the scalar loop finds which
        }

        var rest = IndexOfAllSetScalar(bits[i..], mask);
        return rest < 0 ? -1 : i + rest;
    }
}
