using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// What a safetensors header says of one tensor; checked against the size of the file.
/// <paramref name="FileOffset"/> counts bytes from the start of the file, not from the start of the data as the header does.
/// </summary>
public sealed record TensorInfo(
    string File, string Name, TensorType Type, ImmutableArray<int> Shape, long ElementCount, long FileOffset)
{
    public long ByteCount => ElementCount * Type.ElementBytes();

    internal string Place => CheckpointError.TensorPlace(File, Name);

    internal static string ShapeText(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
