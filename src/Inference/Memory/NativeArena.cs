namespace SplitActors.Inference.Memory;

/// <summary>
/// Memory for many matrices that live as long as each other, in large buffers: a buffer of its own for each would leave the matrix's last
/// megabytes, or all of a small one, in small pages.
/// </summary>
internal sealed class NativeArena
{
    private const long BufferBytes = 64 << 20;

    private NativeSlice _free; // what is left of the last buffer
    private long _freeBytes;

    /// <summary>Bytes that were asked for.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Bytes that such allocations would take beyond what is asked for: each buffer ends within a large page, which is there as a whole.</summary>
    public static long PaddingBytes(IEnumerable<long> byteCounts)
    {
        var (padding, used, free) = (0L, 0L, 0L);
        foreach (var byteCount in byteCounts)
        {
            if (byteCount > free)
            {
                padding += NativeBuffer.ResidentBytes(used) - used;
                (used, free) = (0, Math.Max(byteCount, BufferBytes));
            }

            var taken = (byteCount + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;
            (used, free) = (used + taken, free - taken);
        }

        return padding + NativeBuffer.ResidentBytes(used) - used;
    }

    /// <param name="byteCount">At least 1. The content is undefined.</param>
    /// <exception cref="UserErrorException">There is not as much.</exception>
    public NativeSlice Allocate(long byteCount)
    {
        AllocatedBytes += byteCount;
        if (byteCount > _freeBytes)
        {
            _freeBytes = Math.Max(byteCount, BufferBytes);
            _free = new NativeSlice(new NativeBuffer(_freeBytes), offset: 0);
        }

        var slice = _free;
        var takenBytes = (byteCount + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;
        _free = slice.From(takenBytes);
        _freeBytes -= takenBytes;
        return slice;
    }
}

/// <summary>A part of a buffer, which stays allocated as long as one of its slices is held.</summary>
internal readonly unsafe struct NativeSlice(NativeBuffer buffer, long offset)
{
    /// <summary>Aligned to <see cref="NativeBuffer.Alignment"/>.</summary>
    public byte* Pointer => buffer.Pointer + offset;

    public NativeSlice From(long byteOffset) => new(buffer, offset + byteOffset);
}
