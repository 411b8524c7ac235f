using System.Numerics;
using System.Runtime.InteropServices;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Weights as floats. BF16 and F16 are subsets of F32, so every conversion is exact:
/// BF16 is the upper half of an F32; F16 has 5 exponent bits (bias 15) and 10 mantissa bits.
/// </summary>
public static class TensorReader
{
    private const int ChunkElements = 1 << 20; // multiple of every vector width; spans stay far below 2 GB

    /// <summary>Copies the whole tensor.</summary>
    /// <param name="tensor">BF16, F16 or F32.</param>
    /// <param name="destination">[ElementCount]</param>
    /// <exception cref="UserErrorException">Weights of another type.</exception>
    public static void CopyTo(this Tensor tensor, Span<float> destination)
    {
        if (destination.Length != tensor.ElementCount)
            throw new ArgumentException($"{destination.Length} floats for {tensor.ElementCount} elements.", nameof(destination));

        tensor.CopyTo(0, destination);
    }

    /// <summary>Copies one step along the first dimension.</summary>
    /// <param name="tensor">BF16, F16 or F32.</param>
    /// <param name="row">0 ≤ row &lt; RowCount</param>
    /// <param name="destination">[RowElementCount]</param>
    /// <exception cref="UserErrorException">Weights of another type.</exception>
    public static void CopyRowTo(this Tensor tensor, int row, Span<float> destination)
    {
        if (destination.Length != tensor.RowElementCount)
            throw new ArgumentException($"{destination.Length} floats for a row of {tensor.RowElementCount}.", nameof(destination));

        tensor.CopyTo(row * tensor.RowElementCount, destination);
    }

    /// <summary>Copies <c>destination.Length</c> elements from <paramref name="firstElement"/> on.</summary>
    /// <exception cref="UserErrorException">Weights of another type than BF16, F16 or F32.</exception>
    public static void CopyTo(this Tensor tensor, long firstElement, Span<float> destination)
    {
        for (var start = 0; start < destination.Length; start += ChunkElements)
        {
            var part = destination.Slice(start, Math.Min(ChunkElements, destination.Length - start));
            var bytes = Elements(tensor, firstElement + start, part.Length);
            switch (tensor.Type)
            {
                case TensorType.BF16:
                    WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(bytes), part);
                    break;
                case TensorType.F16:
                    WidenHalf(MemoryMarshal.Cast<byte, ushort>(bytes), part);
                    break;
                default:
                    MemoryMarshal.Cast<byte, float>(bytes).CopyTo(part);
                    break;
            }
        }
    }

    /// <summary>Finds weights that no trained model has: one flipped exponent bit can make an infinity that spoils every token.</summary>
    /// <exception cref="UserErrorException">An element is NaN or infinite, or the type is not BF16, F16 or F32.</exception>
    public static void EnsureFinite(this Tensor tensor)
    {
        for (long start = 0; start < tensor.ElementCount; start += ChunkElements)
        {
            var bytes = Elements(tensor, start, (int)Math.Min(ChunkElements, tensor.ElementCount - start));
            var index = IndexOfNonFinite(tensor.Type, bytes);
            if (index >= 0)
            {
                var value = new float[1];
                tensor.CopyTo(start + index, value);
                throw CheckpointError.At($"{tensor.Info.Place}, element {start + index}", "a finite number", $"{value[0]}");
            }
        }
    }

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

    private static ReadOnlySpan<byte> Elements(Tensor tensor, long firstElement, int count)
    {
        if (tensor.Type is not (TensorType.BF16 or TensorType.F16 or TensorType.F32))
        {
            throw CheckpointError.At(
                $"{tensor.Info.Place}, dtype", TensorTypes.ReadableNames, $"{tensor.Type}, which is not supported for weights",
                "Use the unquantized checkpoint of the model.");
        }

        var elementBytes = tensor.Type.ElementBytes();
        return tensor.Slice(firstElement * elementBytes, count * elementBytes);
    }
}
