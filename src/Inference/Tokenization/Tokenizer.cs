using System.Runtime.InteropServices;
using System.Text;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding as a checkpoint's tokenizer.json describes it: cut out added tokens, normalize, cut into words, merge
/// bytes, wrap in the template. Immutable but for a cache of words; any number of threads may use one.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _rawTokens; // looked for before normalization
    private readonly AddedTokenMatcher _normalizedTokens; // and after it

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _rawTokens = new AddedTokenMatcher(parts.AddedTokens.Where(t => !t.IsNormalized));
        _normalizedTokens = new AddedTokenMatcher(
            parts.AddedTokens.Where(t => t.IsNormalized).Select(t => t with { Content = parts.Normalizer.Apply(t.Content) }));
    }

    /// <summary>The highest token id plus one. A model's embedding may have more rows than that.</summary>
    public int VocabularySize => _parts.Vocabulary.Size;

    /// <summary>The highest id plus one that any text may become: added tokens are left out, which only their own spelling becomes.</summary>
    public int TextVocabularySize => Math.Max(_parts.Vocabulary.ModelSize, _parts.Template.Prefix.Concat(_parts.Template.Suffix).DefaultIfEmpty(-1).Max() + 1);

    /// <summary>Reads tokenizer.json of a checkpoint folder.</summary>
    /// <exception cref="UserErrorException">The file is missing, damaged, or asks for what is not supported.</exception>
    public static Tokenizer Load(string folder) =>
        Parse(folder, CheckpointFile.ReadAllBytes(Path.Combine(folder, TokenizerReader.FileName)));

    /// <summary>Reads tokenizer.json of an open checkpoint, verified like its other files.</summary>
    /// <exception cref="UserErrorException">The file is missing, damaged, or asks for what is not supported.</exception>
    public static Tokenizer Load(Checkpoint checkpoint) => Parse(checkpoint.Folder, checkpoint.ReadAllBytes(TokenizerReader.FileName));

    /// <summary>The ids of <paramref name="text"/>. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text, also an empty one.</param>
    /// <param name="addSpecialTokens">Adds what the template puts around a text, such as the begin-of-text token.</param>
    /// <param name="parseSpecialTokens">
    /// Reads the spelling of a special token as that token. Pass false for text from outside, which could otherwise forge the marks
    /// that control the model.
    /// </param>
    /// <exception cref="UserErrorException">
    /// The vocabulary has no token for a byte of the text and none for the unknown, or a pattern of tokenizer.json takes too long.
    /// </exception>
    public int[] Encode(string text, bool addSpecialTokens, bool parseSpecialTokens = true)
    {
        var wellFormed = WellFormed(text);
        var ids = new List<int>((text.Length / 2) + 8);
        if (addSpecialTokens)
            ids.AddRange(_parts.Template.Prefix);

        var workspace = new BytePairEncoder.Workspace();
        foreach (var segment in Split(_rawTokens, new TextPiece(wellFormed, 0, wellFormed.Length), parseSpecialTokens))
        {
            if (segment.Token is { } rawToken)
            {
                ids.Add(rawToken.Id);
                continue;
            }

            foreach (var (piece, token) in Split(_normalizedTokens, _parts.Normalizer.Apply(segment.Piece), parseSpecialTokens))
            {
                if (token is not null)
                    ids.Add(token.Id);
                else
                    EncodeWords(piece, workspace, ids);
            }
        }

        if (addSpecialTokens)
            ids.AddRange(_parts.Template.Suffix);
        return [.. ids];
    }

    /// <summary>
    /// The text of <paramref name="ids"/>. Bytes that are not UTF-8 become U+FFFD; an id without a token, such as a padding row of the
    /// embedding, becomes nothing.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var bytes = new List<byte>(ids.Length * 4);
        foreach (var id in ids)
        {
            if (!skipSpecialTokens || !IsSpecial(id))
                bytes.AddRange(BytesOf(id));
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>The id of a token as tokenizer.json spells it: "Ġthe" for " the".</summary>
    public bool TryGetId(string token, out int id) => _parts.Vocabulary.TryGetId(token, out id);

    public bool IsSpecial(int id) => _parts.Vocabulary.KindOf(id) == TokenKind.Special;

    /// <summary>The bytes that a token stands for, which need not be whole characters; empty for an id without a token.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _parts.Vocabulary.BytesOf(id);

    private static Tokenizer Parse(string folder, byte[] utf8) =>
        new(TokenizerReader.Read(JsonField.Parse(Path.Combine(folder, TokenizerReader.FileName), utf8, TokenizerReader.NextStep)));

    private void EncodeWords(TextPiece piece, BytePairEncoder.Workspace workspace, List<int> ids)
    {
        var words = new List<TextPiece>((piece.Length / 4) + 1);
        _parts.PreTokenizer.Split(piece, words);
        foreach (var word in words)
            _parts.WordEncoder.Encode(word.Span, workspace, ids);
    }

    private static List<TextSegment> Split(AddedTokenMatcher matcher, TextPiece piece, bool parseSpecialTokens)
    {
        var segments = new List<TextSegment>();
        matcher.Split(piece, parseSpecialTokens, segments);
        return segments;
    }

    private static string WellFormed(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
    }
}

/// <summary>Everything that a tokenizer.json says, checked.</summary>
internal sealed record TokenizerParts(
    Vocabulary Vocabulary,
    IReadOnlyList<AddedToken> AddedTokens,
    Normalizer Normalizer,
    PreTokenizer PreTokenizer,
    WordEncoder WordEncoder,
    Template Template);

/// <summary>The ids around a text.</summary>
internal sealed record Template(IReadOnlyList<int> Prefix, IReadOnlyList<int> Suffix)
{
    public static Template Empty { get; } = new([], []);

    public Template Within(Template outer) => new([.. outer.Prefix, .. Prefix], [.. Suffix, .. outer.Suffix]);
}
