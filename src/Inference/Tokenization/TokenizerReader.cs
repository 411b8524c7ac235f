using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tokenization;

/// <summary>Reads tokenizer.json, the format of Hugging Face's tokenizers library, as far as byte-level BPE needs it.</summary>
internal static class TokenizerReader
{
    public const string FileName = "tokenizer.json";

    public const string NextStep = "Download the file again, or choose a checkpoint with a byte-level BPE tokenizer.";

    public static TokenizerParts Read(JsonField root)
    {
        var model = BytePairModelReader.Read(root.Field("model"));
        var addedTokens = ReadAddedTokens(root.Field("added_tokens"), model.Vocabulary);
        var vocabulary = model.Vocabulary.Build();

        CheckDecoder(root.Field("decoder"));
        return new TokenizerParts(
            vocabulary,
            addedTokens,
            ReadNormalizer(root.Field("normalizer")),
            PreTokenizerReader.Read(root.Field("pre_tokenizer")),
            new WordEncoder(vocabulary, model.BytePairs, model.IgnoresMerges, root.Field("model").Field("vocab").Place),
            ReadTemplate(root.Field("post_processor"), vocabulary));
    }

    private static List<AddedToken> ReadAddedTokens(JsonField field, Vocabulary.Builder vocabulary)
    {
        var tokens = new List<AddedToken>();
        if (field.IsAbsent)
            return tokens;

        foreach (var item in field.Items())
        {
            var isSpecial = item.Field("special").Flag(whenAbsent: false);
            var token = new AddedToken(
                item.Field("id").Integer(0, Vocabulary.IdsMax - 1),
                item.Field("content").Text(),
                isSpecial,
                IsNormalized: item.Field("normalized").Flag(whenAbsent: !isSpecial),
                IsSingleWord: item.Field("single_word").Flag(whenAbsent: false),
                StripsLeft: item.Field("lstrip").Flag(whenAbsent: false),
                StripsRight: item.Field("rstrip").Flag(whenAbsent: false));

            if (vocabulary.Add(token.Content, token.Id, isSpecial ? TokenKind.Special : TokenKind.Added) is { } contradiction)
                throw item.Error("a token and an id of its own", contradiction);
            tokens.Add(token);
        }

        return tokens;
    }

    private static Normalizer ReadNormalizer(JsonField field)
    {
        if (field.IsAbsent)
            return Normalizer.None;

        switch (field.Field("type").Text())
        {
            case "NFC":
                return Normalizer.Nfc;
            case "Sequence":
                return field.Field("normalizers").Items().Select(ReadNormalizer).ToList() is var steps && steps.Contains(Normalizer.Nfc)
                    ? Normalizer.Nfc
                    : Normalizer.None;
            default:
                throw field.Field("type").Error("NFC or Sequence");
        }
    }

    private static void CheckDecoder(JsonField field)
    {
        if (field.Field("type").Text() != "ByteLevel")
            throw field.Field("type").Error("ByteLevel");
    }

    private static Template ReadTemplate(JsonField field, Vocabulary vocabulary)
    {
        if (field.IsAbsent)
            return Template.Empty;

        switch (field.Field("type").Text())
        {
            case "ByteLevel": // changes offsets only
                return Template.Empty;
            case "TemplateProcessing":
                return ReadSingle(field.Field("single"), field.Field("special_tokens"), vocabulary);
            case "Sequence":
                return field.Field("processors").Items()
                    .Select(processor => ReadTemplate(processor, vocabulary))
                    .Aggregate(Template.Empty, (inner, outer) => inner.Within(outer));
            default:
                throw field.Field("type").Error("TemplateProcessing, ByteLevel or Sequence");
        }
    }

    private static Template ReadSingle(JsonField single, JsonField specialTokens, Vocabulary vocabulary)
    {
        var prefix = new List<int>();
        var suffix = new List<int>();
        var textCount = 0;
        foreach (var item in single.Items())
        {
            if (item.Field("Sequence") is { IsAbsent: false } sequence)
            {
                if (sequence.Field("id").Text() != "A" || ++textCount > 1)
                    throw sequence.Error("the sequence A, once");
            }
            else if (item.Field("SpecialToken") is { IsAbsent: false } token)
            {
                var ids = specialTokens.Field(token.Field("id").Text()).Field("ids").Items();
                (textCount == 0 ? prefix : suffix).AddRange(ids.Select(id => KnownId(id, vocabulary)));
            }
            else
                throw item.Error("SpecialToken or Sequence");
        }

        return textCount == 1 ? new Template(prefix, suffix) : throw single.Error("the sequence A");
    }

    private static int KnownId(JsonField field, Vocabulary vocabulary)
    {
        var id = field.Integer(0, Vocabulary.IdsMax - 1);
        return vocabulary.KindOf(id) != TokenKind.None ? id : throw field.Error("the id of a token");
    }
}
