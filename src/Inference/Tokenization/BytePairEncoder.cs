using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// Byte-pair encoding of one word: starting from one symbol per byte, the adjacent pair of the lowest merge rank (the leftmost of
/// equals) is replaced by its merged token until no pair has a rank. O(n log n) in the length of the word. Immutable.
/// </summary>
/// <param name="idOfByte">[256], −1 where the vocabulary has no token for the byte.</param>
/// <param name="merges">The merges.</param>
/// <param name="unknown">What stands for bytes without a token; null if the model names none.</param>
internal sealed class BytePairEncoder(int[] idOfByte, MergeTable merges, UnknownToken? unknown)
{
    private const int NoRank = -1;
    private const int NoId = -1;

    /// <summary>Appends the ids of <paramref name="word"/> to <paramref name="ids"/>.</summary>
    /// <returns>The first byte that no token stands for, or −1 if the word could be encoded.</returns>
    public int Encode(ReadOnlySpan<byte> word, Workspace workspace, List<int> ids)
    {
        var count = Spell(word, workspace, out var missingByte);
        if (missingByte >= 0 || count == 0)
            return missingByte;

        var symbols = workspace.Symbols;
        for (var i = 0; i < count; i++)
            Rank(symbols, i, workspace.Queue);

        while (workspace.Queue.TryPop(out var rank, out var left))
        {
            if (symbols[left].Rank == rank) // otherwise one of the pair was merged after it was queued
                Merge(symbols, left, workspace.Queue);
        }

        for (var i = 0; i >= 0; i = symbols[i].Next)
            ids.Add(symbols[i].Id);
        return -1;
    }

    private int Spell(ReadOnlySpan<byte> word, Workspace workspace, out int missingByte)
    {
        var symbols = workspace.Reserve(word.Length);
        var count = 0;
        var isPreviousUnknown = false;
        missingByte = -1;
        foreach (var value in word)
        {
            var id = idOfByte[value];
            var isUnknown = id == NoId;
            if (isUnknown)
            {
                if (unknown is null)
                {
                    missingByte = value;
                    return 0;
                }

                if (isPreviousUnknown && unknown.IsFused)
                    continue;
                id = unknown.Id;
            }

            isPreviousUnknown = isUnknown;
            symbols[count] = new Symbol { Id = id, Previous = count - 1, Next = count + 1 };
            count++;
        }

        if (count > 0)
            symbols[count - 1].Next = -1;
        return count;
    }

    private void Merge(Symbol[] symbols, int left, MergeQueue queue)
    {
        ref var symbol = ref symbols[left];
        ref var absorbed = ref symbols[symbol.Next];
        symbol.Id = merges.MergedAt(symbol.Rank);
        symbol.Next = absorbed.Next;
        absorbed.Rank = NoRank;
        if (symbol.Next >= 0)
            symbols[symbol.Next].Previous = left;

        Rank(symbols, left, queue);
        if (symbol.Previous >= 0)
            Rank(symbols, symbol.Previous, queue);
    }

    private void Rank(Symbol[] symbols, int left, MergeQueue queue)
    {
        ref var symbol = ref symbols[left];
        symbol.Rank = symbol.Next >= 0 && merges.TryGetRank(symbol.Id, symbols[symbol.Next].Id, out var rank) ? rank : NoRank;
        if (symbol.Rank != NoRank)
            queue.Push(symbol.Rank, left);
    }

    /// <summary>A node of the doubly linked list of a word's symbols; −1 ends the list.</summary>
    internal struct Symbol
    {
        public int Id;
        public int Previous;
        public int Next;
        public int Rank; // of the pair (this, next)
    }

    /// <summary>What one thread needs to encode words one after another.</summary>
    internal sealed class Workspace
    {
        private byte[] _utf8 = new byte[256];

        public Symbol[] Symbols { get; private set; } = new Symbol[64];

        public MergeQueue Queue { get; } = new();

        /// <summary>Valid until the next call.</summary>
        public ReadOnlySpan<byte> Utf8Of(ReadOnlySpan<char> word)
        {
            var bytesMax = Encoding.UTF8.GetMaxByteCount(word.Length);
            if (_utf8.Length < bytesMax)
                _utf8 = new byte[2 * bytesMax];
            return _utf8.AsSpan(0, Encoding.UTF8.GetBytes(word, _utf8));
        }

        public Symbol[] Reserve(int count)
        {
            if (Symbols.Length < count)
                Symbols = new Symbol[Math.Max(count, 2 * Symbols.Length)];
            return Symbols;
        }
    }
}

/// <summary>The token for bytes that the vocabulary lacks, and whether one stands for a whole run of them.</summary>
internal sealed record UnknownToken(int Id, bool IsFused);
