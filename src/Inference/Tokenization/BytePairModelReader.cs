using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tokenization;

/// <summary>The `model` field: the vocabulary, to which added tokens are still to be added, and the merges.</summary>
internal sealed record BytePairModel(Vocabulary.Builder Vocabulary, BytePairEncoder BytePairs, bool IgnoresMerges);

/// <summary>Reads the `model` field of tokenizer.json.</summary>
internal static class BytePairModelReader
{
    public static BytePairModel Read(JsonField model)
    {
        if (model.Field("type") is { IsAbsent: false } type && type.Text() != "BPE")
            throw type.Error("BPE");

        CheckNothingUnsupported(model);
        var (vocabulary, idCount) = ReadVocabulary(model.Field("vocab"));
        var merges = ReadMerges(model.Field("merges"), vocabulary, idCount);
        var bytePairs = new BytePairEncoder(IdsOfBytes(vocabulary), merges, ReadUnknown(model, vocabulary));
        return new BytePairModel(vocabulary, bytePairs, model.Field("ignore_merges").Flag(whenAbsent: false));
    }

    private static void CheckNothingUnsupported(JsonField model)
    {
        if (model.Field("byte_fallback").Flag(whenAbsent: false))
            throw model.Field("byte_fallback").Error("false, as in byte-level BPE");

        var dropout = model.Field("dropout");
        if (dropout.Number(whenAbsent: 0, min: 0) != 0)
            throw dropout.Error("null: encoding must not be random");

        CheckNoAffix(model.Field("continuing_subword_prefix"));
        CheckNoAffix(model.Field("end_of_word_suffix"));
    }

    private static void CheckNoAffix(JsonField affix)
    {
        if (!affix.IsAbsent && affix.Text().Length > 0)
            throw affix.Error("null or \"\"");
    }

    private static (Vocabulary.Builder Vocabulary, int IdCount) ReadVocabulary(JsonField field)
    {
        var vocabulary = new Vocabulary.Builder(capacity: field.Count);
        var idCount = 0;
        foreach (var (token, entry) in field.Entries())
        {
            var id = entry.Integer(0, Vocabulary.IdsMax - 1);
            if (vocabulary.Add(token, id, TokenKind.Model) is { } contradiction)
                throw entry.Error("a token and an id of its own", contradiction);
            idCount = Math.Max(idCount, id + 1);
        }

        return idCount > 0 ? (vocabulary, idCount) : throw field.Error("tokens");
    }

    private static MergeTable ReadMerges(JsonField field, Vocabulary.Builder vocabulary, int idCount)
    {
        var merges = new MergeTable(idCount, capacity: field.Count);
        foreach (var merge in field.Items())
        {
            var (left, right) = ReadPair(merge);
            merges.Add(IdOf(left, merge), IdOf(right, merge), IdOf(left + right, merge));
        }

        return merges;

        int IdOf(string token, JsonField merge) => vocabulary.TryGetId(token, out var id)
            ? id
            : throw merge.Error("tokens of model.vocab", $"\"{ShownText.Of(token)}\", which is not in it");
    }

    /// <summary>"a b", or ["a", "b"] as newer files have it.</summary>
    private static (string Left, string Right) ReadPair(JsonField merge)
    {
        if (merge.IsArray)
            return merge.Texts() is [var left, var right] ? (left, right) : throw merge.Error("two tokens");

        var text = merge.Text();
        var space = text.IndexOf(' ');
        return space > 0 && space < text.Length - 1 && space == text.LastIndexOf(' ')
            ? (text[..space], text[(space + 1)..])
            : throw merge.Error("two tokens with a space between them");
    }

    private static int[] IdsOfBytes(Vocabulary.Builder vocabulary)
    {
        var ids = new int[256];
        for (var b = 0; b < 256; b++)
            ids[b] = vocabulary.TryGetId(ByteLevelAlphabet.ToChar((byte)b).ToString(), out var id) ? id : -1;
        return ids;
    }

    private static UnknownToken? ReadUnknown(JsonField model, Vocabulary.Builder vocabulary)
    {
        var unknown = model.Field("unk_token");
        if (unknown.IsAbsent || unknown.Text().Length == 0)
            return null;

        return vocabulary.TryGetId(unknown.Text(), out var id)
            ? new UnknownToken(id, model.Field("fuse_unk").Flag(whenAbsent: false))
            : throw unknown.Error("a token of model.vocab");
    }
}
