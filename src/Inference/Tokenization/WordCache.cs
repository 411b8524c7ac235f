namespace SplitActors.Inference.Tokenization;

/// <summary>
/// A direct-mapped cache of words and their ids: a word displaces whatever had its slot. Bounded by construction; several threads may
/// use it, since an entry is immutable and a slot is one reference.
/// </summary>
internal sealed class WordCache
{
    /// <summary>In chars; longer words hardly ever come twice.</summary>
    public const int WordLengthMax = 48;

    private const int SlotCount = 1 << 13;

    private readonly Entry?[] _slots = new Entry?[SlotCount];

    public bool TryGet(ReadOnlySpan<char> word, out ReadOnlySpan<int> ids)
    {
        var entry = Volatile.Read(ref SlotOf(word));
        var isHit = entry is not null && word.SequenceEqual(entry.Word);
        ids = isHit ? entry!.Ids : default;
        return isHit;
    }

    public void Put(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= WordLengthMax)
            Volatile.Write(ref SlotOf(word), new Entry(word.ToString(), ids.ToArray()));
    }

    private ref Entry? SlotOf(ReadOnlySpan<char> word) => ref _slots[string.GetHashCode(word, StringComparison.Ordinal) & (SlotCount - 1)];

    private sealed record Entry(string Word, int[] Ids);
}
