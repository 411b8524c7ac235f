using System.Runtime.InteropServices;

namespace SplitActors.Inference.Threading;

/// <summary>
/// Chunks from which threads take one after the other. End and next chunk are one word, so that a late thread cannot take a chunk of one
/// computation for one of another. Each range has its cache line, and the line that is fetched with it, for itself.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 2 * CacheLines)]
internal struct ChunkRange
{
    private const int CacheLines = 128;
    private const int NextBits = 32; // room for every thread to ask once too often

    [FieldOffset(CacheLines)]
    private long _endAndNext;

    public bool HasChunks
    {
        get
        {
            var word = Volatile.Read(ref _endAndNext);
            return (int)word < (int)(word >> NextBits);
        }
    }

    public void Publish(int first, int end) => Interlocked.Exchange(ref _endAndNext, ((long)end << NextBits) | (uint)first);

    public bool TryTake(out int chunk)
    {
        chunk = 0;
        if (!HasChunks)
            return false;
        var word = Interlocked.Increment(ref _endAndNext) - 1;
        chunk = (int)word;
        return chunk < (int)(word >> NextBits);
    }
}
