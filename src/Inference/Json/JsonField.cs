using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SplitActors.Inference.Json;

/// <summary>
/// A value of a JSON file of a checkpoint that knows its file and its path in it. Whatever is wrong becomes a
/// <see cref="UserErrorException"/> that names both, what was expected, what was found and what to do.
/// </summary>
internal readonly struct JsonField
{
    private const string CorrectOrDownload = "Correct the file, or download it again.";
    private const string TextExpected = "a string of valid Unicode";
    private const int FoundBytesMax = 1024;

    private readonly JsonElement _element;
    private readonly JsonPath _container; // of the object or array that holds the value; of the value itself where that is a root
    private readonly string? _name;
    private readonly int _index; // where there is no name; negative for a root

    private JsonField(JsonPath container, string? name, int index, JsonElement element) =>
        (_container, _name, _index, _element) = (container, name, index, element);

    /// <summary>Not there, or null: Hugging Face writes both for "none".</summary>
    public bool IsAbsent => _element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    public bool IsArray => _element.ValueKind == JsonValueKind.Array;

    public bool IsObject => _element.ValueKind == JsonValueKind.Object;

    /// <summary>How many fields an object or items an array has; 0 for any other value.</summary>
    public int Count => _element.ValueKind switch
    {
        JsonValueKind.Object => _element.GetPropertyCount(),
        JsonValueKind.Array => _element.GetArrayLength(),
        _ => 0,
    };

    public string Place => $"{Path}";

    private JsonPath Path => _index < 0 ? _container : new JsonPath(_container, _name, _index);

    /// <summary>The object that a file consists of, as <see cref="StrictJson"/>.</summary>
    /// <param name="place">The file, for messages.</param>
    /// <param name="utf8">Not copied: it must stay as it is while the field or one within it is in use.</param>
    /// <param name="nextStep">What messages tell the user to do.</param>
    /// <exception cref="UserErrorException">The file is not strict JSON, or not an object.</exception>
    public static JsonField Parse(string place, ReadOnlyMemory<byte> utf8, string nextStep = CorrectOrDownload)
    {
        var file = new JsonPath(place, nextStep);
        var root = new JsonField(file, name: null, index: -1, StrictJson.Parse(file, utf8));
        return root._element.ValueKind == JsonValueKind.Object ? root : throw root.Error("a JSON object");
    }

    /// <summary>The same value, for which messages name another place than file and path.</summary>
    public JsonField At(string place) => new(new JsonPath(place, _container.NextStep), name: null, index: -1, _element);

    /// <summary>A field of an object; one that is not there is absent, but the object itself must be there.</summary>
    public JsonField Field(string name)
    {
        if (_element.ValueKind != JsonValueKind.Object)
            throw Error("a JSON object");

        return new JsonField(Path, name, index: 0, _element.TryGetProperty(name, out var child) ? child : default);
    }

    public IEnumerable<JsonField> Items()
    {
        if (!IsArray)
            throw Error("a JSON array");

        var path = Path;
        var index = 0;
        foreach (var item in _element.EnumerateArray())
            yield return new JsonField(path, name: null, index++, item);
    }

    public IEnumerable<(string Name, JsonField Value)> Entries()
    {
        if (_element.ValueKind != JsonValueKind.Object)
            throw Error("a JSON object");

        var path = Path;
        foreach (var property in _element.EnumerateObject())
        {
            var name = property.Name; // of valid Unicode, or the parser had refused it
            yield return (name, new JsonField(path, name, index: 0, property.Value));
        }
    }

    /// <summary>As <see cref="Entries"/>, for names that go into lines of text, such as a digest's: without control characters.</summary>
    public IEnumerable<(string Name, JsonField Value)> PlainEntries()
    {
        foreach (var entry in Entries())
        {
            if (entry.Name.Any(char.IsControl))
                throw Error("names without control characters", $"'{ShownText.Of(entry.Name)}'");
            yield return entry;
        }
    }

    public string Text() => TryGetText(_element) ?? throw Error(TextExpected);

    public string? TextOrNull() => IsAbsent ? null : Text();

    public bool Flag(bool whenAbsent) => _element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ when IsAbsent => whenAbsent,
        _ => throw Error("true or false"),
    };

    /// <summary>A whole number in [min, max]; an absent field is an error unless <paramref name="whenAbsent"/> is given.</summary>
    public int Integer(int min, int max, int? whenAbsent = null) =>
        IsAbsent && whenAbsent is { } number ? number
        : _element.ValueKind == JsonValueKind.Number && _element.TryGetInt32(out number) && number >= min && number <= max ? number
        : throw Error($"a whole number from {min} to {max}");

    /// <summary>A finite number in [min, max].</summary>
    public float Number(float whenAbsent, float min, float max = float.MaxValue)
    {
        if (IsAbsent)
            return whenAbsent;

        return TryGetNumber(out var number) && number >= min && number <= max
            ? number
            : throw Error(max == float.MaxValue ? $"a finite number of at least {min}" : $"a number from {min} to {max}");
    }

    /// <summary>A finite number above 0, at most <paramref name="max"/>.</summary>
    public float PositiveNumber(float whenAbsent, float max = float.MaxValue)
    {
        if (IsAbsent)
            return whenAbsent;

        return TryGetNumber(out var number) && number > 0 && number <= max
            ? number
            : throw Error(max == float.MaxValue ? "a finite number above 0" : $"a number above 0 and at most {max}");
    }

    /// <summary>Whether it is this number, as far as float32 tells.</summary>
    public bool Is(float number) => TryGetNumber(out var found) && MathF.Abs(found - number) <= 1e-6f * MathF.Max(1, MathF.Abs(number));

    /// <summary>A value that can be done without: one that is not what it should be is told of, and something else takes its place.</summary>
    /// <param name="read">Reads the value.</param>
    /// <param name="instead">What takes its place.</param>
    /// <param name="consequence">What that means, as a sentence.</param>
    /// <param name="warn">Told what is wrong.</param>
    public T OrElse<T>(Func<JsonField, T> read, T instead, string consequence, Action<string> warn)
    {
        try
        {
            return read(this);
        }
        catch (UserErrorException error)
        {
            warn(error.WithNextStep(consequence).Message);
            return instead;
        }
    }

    /// <summary>An array of whole numbers in [min, max].</summary>
    public long[] Integers(long min, long max)
    {
        if (!IsArray)
            throw Error("an array of whole numbers");

        var numbers = new long[Count];
        var index = 0;
        foreach (var item in _element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var number) || number < min || number > max)
                throw new JsonField(Path, name: null, index, item).Error($"a whole number from {min} to {max}");
            numbers[index++] = number;
        }

        return numbers;
    }

    public string[] Texts()
    {
        if (!IsArray)
            throw Error("an array of strings");

        var texts = new string[Count];
        var index = 0;
        foreach (var item in _element.EnumerateArray())
        {
            texts[index] = TryGetText(item) ?? throw new JsonField(Path, name: null, index, item).Error(TextExpected);
            index++;
        }

        return texts;
    }

    /// <summary>The error that this value is not what it should be.</summary>
    /// <param name="expected">A noun phrase.</param>
    /// <param name="found">Null shows the value itself.</param>
    /// <param name="nextStep">Null takes the file's.</param>
    /// <param name="cause">What made it known.</param>
    public UserErrorException Error(string expected, string? found = null, string? nextStep = null, Exception? cause = null) =>
        new(UserErrorKind.Checkpoint, Place, expected, ShownText.OneLine(found ?? Found()), nextStep ?? _container.NextStep, cause);

    private static string? TryGetText(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException) // half a surrogate pair, as \uD800
        {
            return null;
        }
    }

    private bool TryGetNumber(out float number)
    {
        number = 0;
        return _element.ValueKind == JsonValueKind.Number && _element.TryGetSingle(out number) && float.IsFinite(number);
    }

    private string Found()
    {
        if (_element.ValueKind == JsonValueKind.Undefined)
            return "no such field";

        var raw = JsonMarshal.GetRawUtf8Value(_element);
        var text = raw.Length <= FoundBytesMax ? Encoding.UTF8.GetString(raw) : Encoding.UTF8.GetString(raw[..FoundBytesMax]) + "…";
        return ShownText.Of(string.Join(' ', text.Split('\n', StringSplitOptions.TrimEntries))); // JSON breaks no line within a string
    }
}
