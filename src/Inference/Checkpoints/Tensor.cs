using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// A tensor's bytes in the mapped file, row-major and little-endian; nothing is copied. Valid until the
/// <see cref="Checkpoint"/> or <see cref="SafetensorsFile"/> it came from is disposed: afterwards its members throw
/// <see cref="ObjectDisposedException"/>, but a pointer or span taken before then dangles. Whoever keeps one must therefore keep
/// the checkpoint, undisposed. The data need not be aligned to the element size.
/// </summary>
public sealed class Tensor
{
    private readonly MappedFile _mapping;

    internal Tensor(TensorInfo info, MappedFile mapping)
    {
        Info = info;
        _mapping = mapping;
    }

    public TensorInfo Info { get; }

    public string Name => Info.Name;

    public TensorType Type => Info.Type;

    public ImmutableArray<int> Shape => Info.Shape;

    public long ElementCount => Info.ElementCount;

    public long ByteCount => Info.ByteCount;

    /// <summary>Size of the first dimension; 1 for a scalar.</summary>
    public int RowCount => Shape.IsEmpty ? 1 : Shape[0];

    /// <summary>Elements in one step along the first dimension.</summary>
    public long RowElementCount => RowCount == 0 ? 0 : ElementCount / RowCount;

    /// <summary>The first of <see cref="ByteCount"/> mapped bytes.</summary>
    public unsafe byte* Pointer => _mapping.PointerTo(Info.FileOffset, ByteCount);

    /// <summary>All bytes; for tensors below 2 GB. Larger ones are read in parts (<see cref="Slice"/>).</summary>
    /// <exception cref="OverflowException">The tensor is too large for one span.</exception>
    public ReadOnlySpan<byte> Bytes => _mapping.Slice(Info.FileOffset, checked((int)ByteCount));

    /// <summary><paramref name="count"/> bytes from <paramref name="byteOffset"/> within the tensor on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The slice leaves the tensor.</exception>
    public ReadOnlySpan<byte> Slice(long byteOffset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ByteCount - byteOffset);
        return _mapping.Slice(Info.FileOffset + byteOffset, count);
    }
}
