using System.Text.Json;

namespace SplitActors.Inference.Tokenization;

/// <summary>A value of tokenizer.json that knows its file and its path in it, so that every complaint names both.</summary>
internal sealed class JsonField
{
    private const int FoundLengthMax = 60;
    private const string NextStep = "Download the file again, or choose a checkpoint with a byte-level BPE tokenizer.";

    private readonly string _file;
    private readonly JsonField? _parent; // the path is put together only when something is wrong: vocabularies have 10^5 fields
    private readonly string? _name;
    private readonly int _index; // where there is no name

    private JsonField(JsonField parent, string? name, int index, JsonElement element) =>
        (_file, _parent, _name, _index, Element) = (parent._file, parent, name, index, element);

    public JsonField(string file, JsonElement root) => (_file, Element) = (file, root);

    public JsonElement Element { get; }

    /// <summary>Not there, or null: Hugging Face writes both for "none".</summary>
    public bool IsAbsent => Element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public string Place => _parent is null ? _file : $"{_file}, {Path}";

    private string Path => (_parent, _name) switch
    {
        (null, _) => "",
        ({ _parent: null }, { } name) => name,
        (_, { } name) => $"{_parent.Path}.{name}",
        _ => $"{_parent.Path}[{_index}]",
    };

    public JsonField Field(string name)
    {
        if (Element.ValueKind != JsonValueKind.Object)
            throw Error("an object");

        return At(name, Element.TryGetProperty(name, out var child) ? child : default);
    }

    public JsonField At(string name, JsonElement child) => new(this, name, 0, child);

    public JsonField At(int index, JsonElement child) => new(this, null, index, child);

    public JsonElement.ObjectEnumerator Properties() =>
        Element.ValueKind == JsonValueKind.Object ? Element.EnumerateObject() : throw Error("an object");

    public IEnumerable<JsonField> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
            throw Error("an array");

        var index = 0;
        foreach (var child in Element.EnumerateArray())
            yield return At(index++, child);
    }

    public string Text()
    {
        if (Element.ValueKind != JsonValueKind.String)
            throw Error("a string");

        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException) // bytes that are not UTF-8, or half a surrogate pair as \uD800
        {
            throw Error("a string of valid Unicode", "one that is not");
        }
    }

    public string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw Error("names of valid Unicode", "one that is not");
        }
    }

    public bool Flag(bool absent) => Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ when IsAbsent => absent,
        _ => throw Error("true or false"),
    };

    public int TokenId() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out var id) && id is >= 0 and < Vocabulary.IdsMax
            ? id
            : throw Error($"a token id from 0 to {Vocabulary.IdsMax - 1}");

    public UserErrorException Error(string expected, string? found = null, Exception? cause = null) =>
        new(UserErrorKind.Checkpoint, Place, expected, found ?? Describe(), NextStep, cause);

    private string Describe()
    {
        if (Element.ValueKind == JsonValueKind.Undefined)
            return "nothing";

        var raw = Element.GetRawText();
        return raw.Length <= FoundLengthMax ? raw : $"{raw[..FoundLengthMax]}…";
    }
}
