using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// What a safetensors header says of one tensor; checked against the size of the file.
/// <paramref name="FileOffset"/> counts bytes from the start of the file, not from the start of the data as the header does;
/// <paramref name="TypeName"/> is the header's dtype, <paramref name="ByteCount"/> what it says of a type that is not known here.
/// </summary>
public sealed record TensorInfo(
    string File, string Name, string TypeName, ImmutableArray<int> Shape, long ElementCount, long ByteCount, long FileOffset)
{
    public TensorType Type { get; } = TensorTypes.Parse(TypeName);

    internal string Place => CheckpointError.TensorPlace(File, Name);

    internal static string ShapeText(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <exception cref="UserErrorException">It has another shape.</exception>
    internal void RequireShape(ReadOnlySpan<int> expected)
    {
        if (!expected.SequenceEqual(Shape.AsSpan()))
        {
            throw CheckpointError.At(
                $"{Place}, shape", $"a tensor of shape {ShapeText(expected)}", ShapeText(Shape.AsSpan()), Checkpoint.MatchingFilesNextStep);
        }
    }

    /// <exception cref="UserErrorException">Its elements are no weights that can be read.</exception>
    internal void RequireReadable()
    {
        if (!Type.IsReadable())
        {
            throw CheckpointError.At(
                $"{Place}, dtype", TensorTypes.ReadableNames, $"{TypeName}, which is not supported for weights", "Use the unquantized checkpoint of the model.");
        }
    }
}
