namespace SplitActors.Inference.Tokenization;

/// <summary>Which pairs of tokens merge, into what, and which first.</summary>
/// <param name="idCount">All ids are below it.</param>
/// <param name="capacity">About how many merges to expect.</param>
internal sealed class MergeTable(int idCount, int capacity)
{
    private readonly Dictionary<long, int> _rankOf = new(capacity);
    private readonly List<int> _merged = new(capacity); // [rank]

    /// <summary>Adds the pair with the next rank; of equal pairs the last counts, as in Hugging Face's reader.</summary>
    public void Add(int left, int right, int merged)
    {
        _rankOf[KeyOf(left, right)] = _merged.Count;
        _merged.Add(merged);
    }

    public bool TryGetRank(int left, int right, out int rank) => _rankOf.TryGetValue(KeyOf(left, right), out rank);

    public int MergedAt(int rank) => _merged[rank];

    /// <summary>Injective, and more than left ^ right once Int64.GetHashCode has folded it.</summary>
    private long KeyOf(int left, int right) => ((long)left * idCount) + right;
}
