namespace SplitActors.Inference.KvCaching;

/// <summary>A pool has no page left. Who reserves <see cref="KvLayout.BytesFor"/> before it opens a sequence never sees this.</summary>
public sealed class KvPoolExhaustedException(long bytesInUse, long byteCountMax)
    : Exception($"The pool's {byteCountMax} bytes for keys and values have no room for another page: {bytesInUse} are in use.")
{
    public long BytesInUse { get; } = bytesInUse;

    public long ByteCountMax { get; } = byteCountMax;
}
