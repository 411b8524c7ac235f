using System.Runtime.InteropServices;

namespace SplitActors.Inference.Checkpoints;

/// <summary>Weights as floats. BF16 and F16 are subsets of F32, so every conversion is exact.</summary>
public static class TensorReader
{
    private const int ChunkElements = 1 << 20; // spans stay far below 2 GB

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
                    FloatBits.WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(bytes), part);
                    break;
                case TensorType.F16:
                    FloatBits.WidenHalf(MemoryMarshal.Cast<byte, ushort>(bytes), part);
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
            var index = FloatBits.IndexOfNonFinite(tensor.Type, bytes);
            if (index >= 0)
            {
                var value = new float[1];
                tensor.CopyTo(start + index, value);
                throw CheckpointError.At($"{tensor.Info.Place}, element {start + index}", "a finite number", $"{value[0]}");
            }
        }
    }

    private static ReadOnlySpan<byte> Elements(Tensor tensor, long firstElement, int count)
    {
        tensor.Info.RequireReadable();
        var elementBytes = tensor.Type.ElementBytes();
        return tensor.Slice(firstElement * elementBytes, count * elementBytes);
    }
}
