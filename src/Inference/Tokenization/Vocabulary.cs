using System.Text;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tokenization;

internal enum TokenKind : byte
{
    /// <summary>No token has this id.</summary>
    None,

    /// <summary>A token of the BPE model.</summary>
    Model,

    /// <summary>An added token that is ordinary text.</summary>
    Added,

    /// <summary>An added token that controls the model, such as the begin-of-text mark.</summary>
    Special,
}

/// <summary>Token ↔ id, and the bytes that each id stands for. Immutable.</summary>
internal sealed class Vocabulary
{
    /// <summary>More ids than any known vocabulary has (about 2^18), few enough for tables by id.</summary>
    public const int IdsMax = 1 << 22;

    /// <summary>Longer words are not looked up as a whole; the longest tokens in use have 128 or 256 bytes.</summary>
    private const int WordBytesMax = 1024;

    private readonly Dictionary<string, int> _idOf;
    private readonly TokenKind[] _kinds; // [id]
    private readonly byte[] _bytes; // of all tokens, one after the other
    private readonly int[] _starts; // [id + 1], into _bytes

    private Vocabulary(Dictionary<string, int> idOf, TokenKind[] kinds, byte[] bytes, int[] starts) =>
        (_idOf, _kinds, _bytes, _starts) = (idOf, kinds, bytes, starts);

    /// <summary>The highest id plus one.</summary>
    public int Size => _kinds.Length;

    /// <summary>The highest id of a token of the model plus one.</summary>
    public int ModelSize => Array.LastIndexOf(_kinds, TokenKind.Model) + 1;

    public bool TryGetId(string token, out int id) => _idOf.TryGetValue(token, out id);

    /// <summary>
    /// The id of the token of the model that spells a whole word. Never an added token: those are found by
    /// <see cref="AddedTokenMatcher"/> alone, so that text cannot forge one.
    /// </summary>
    public bool TryGetModelId(ReadOnlySpan<byte> word, out int id)
    {
        id = -1;
        if (word.Length > WordBytesMax)
            return false;

        Span<char> token = stackalloc char[word.Length];
        for (var i = 0; i < word.Length; i++)
            token[i] = ByteLevelAlphabet.ToChar(word[i]);
        return _idOf.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out id) && _kinds[id] == TokenKind.Model;
    }

    public TokenKind KindOf(int id) => (uint)id < (uint)_kinds.Length ? _kinds[id] : TokenKind.None;

    public ReadOnlySpan<byte> BytesOf(int id) =>
        (uint)id < (uint)_kinds.Length ? _bytes.AsSpan(_starts[id], _starts[id + 1] - _starts[id]) : [];

    /// <param name="capacity">About how many tokens to expect.</param>
    internal sealed class Builder(int capacity)
    {
        private readonly Dictionary<string, int> _idOf = new(capacity, StringComparer.Ordinal);
        private readonly List<string?> _tokens = new(capacity); // [id]
        private TokenKind[] _kinds = new TokenKind[capacity]; // [≥ id]

        public bool TryGetId(string token, out int id) => _idOf.TryGetValue(token, out id);

        /// <summary>Adds a token, or marks one of the model as added; returns the contradiction if there is one.</summary>
        public string? Add(string token, int id, TokenKind kind)
        {
            while (_tokens.Count <= id)
                _tokens.Add(null);
            if (_kinds.Length <= id)
                Array.Resize(ref _kinds, Math.Max(id + 1, 2 * _kinds.Length));

            if (_tokens[id] is { } present && (present != token || kind == TokenKind.Model || _kinds[id] != TokenKind.Model))
                return $"id {id} a second time (it is \"{ShownText.Of(present)}\")";
            if (!_idOf.TryAdd(token, id) && _idOf[token] != id)
                return $"\"{ShownText.Of(token)}\" a second time (it has id {_idOf[token]})";

            (_tokens[id], _kinds[id]) = (token, kind);
            return null;
        }

        public Vocabulary Build()
        {
            var bytes = new List<byte>(_tokens.Count * 8);
            var starts = new int[_tokens.Count + 1];
            for (var id = 0; id < _tokens.Count; id++)
            {
                if (_tokens[id] is { } token && _kinds[id] == TokenKind.Model)
                    ByteLevelAlphabet.AppendBytes(token, bytes);
                else if (_tokens[id] is { } addedToken)
                    bytes.AddRange(Encoding.UTF8.GetBytes(addedToken));
                starts[id + 1] = bytes.Count;
            }

            Array.Resize(ref _kinds, _tokens.Count);
            return new Vocabulary(_idOf, _kinds, [.. bytes], starts);
        }
    }
}
