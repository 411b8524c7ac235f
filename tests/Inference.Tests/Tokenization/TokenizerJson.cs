using System.Text.Json.Nodes;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Tests.Tokenization;

/// <summary>Small tokenizer.json documents to load as they are, or to damage first.</summary>
internal static class TokenizerJson
{
    public const string Gpt2 = """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""";

    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Ids 0 to 255 are the bytes, then come the merged tokens in merge order.</summary>
    public static JsonObject WithMerges(params string[] merges)
    {
        var vocabulary = new JsonObject();
        for (var b = 0; b < 256; b++)
            vocabulary.Add(ByteLevelAlphabet.ToChar((byte)b).ToString(), b);
        foreach (var merge in merges)
            vocabulary.TryAdd(merge.Replace(" ", "", StringComparison.Ordinal), vocabulary.Count);

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = JsonNode.Parse(Gpt2),
            ["post_processor"] = null,
            ["decoder"] = JsonNode.Parse("""{"type": "ByteLevel"}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(m => JsonValue.Create(m))]),
            },
        };
    }

    public static JsonObject Split(string pattern, string behavior = "Isolated", bool invert = false) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["behavior"] = behavior,
        ["invert"] = invert,
    };

    /// <summary>As Llama 3 and Qwen 2 have it: the pattern first, then bytes without a pattern.</summary>
    public static JsonObject SplitThenBytes(string pattern, string behavior = "Isolated", bool invert = false) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            Split(pattern, behavior, invert),
            JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}""")),
    };

    public static JsonObject AddedToken(int id, string content, params string[] flags) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["special"] = flags.Contains("special"),
        ["normalized"] = flags.Contains("normalized"),
        ["single_word"] = flags.Contains("single_word"),
        ["lstrip"] = flags.Contains("lstrip"),
        ["rstrip"] = flags.Contains("rstrip"),
    };

    public static JsonObject With(this JsonObject document, string field, JsonNode? value)
    {
        document[field] = value;
        return document;
    }

    public static Tokenizer Load(this JsonObject document) => LoadText(document.ToJsonString());

    public static Tokenizer LoadText(string json)
    {
        var folder = Directory.CreateTempSubdirectory("tokenizer-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer.json"), json);
            return Tokenizer.Load(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What each id stands for, as text: the words where all of them are tokens, the characters where none is.</summary>
    public static string[] Tokens(this Tokenizer tokenizer, string text, bool parseSpecialTokens = true) =>
    [
        .. tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens)
            .Select(id => tokenizer.Decode([id], skipSpecialTokens: false)),
    ];
}
