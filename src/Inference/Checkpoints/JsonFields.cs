using System.Text.Json;
using System.Text.Unicode;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// One JSON object of a checkpoint file, read field by field. Whatever is wrong becomes a <see cref="UserErrorException"/>
/// that names the file, the field, what was expected and what was found. A field that is null counts as absent.
/// </summary>
internal readonly struct JsonFields
{
    private const int DepthMax = 16;
    private const string NextStep = "Correct the field, or download the file again.";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = DepthMax };

    private readonly JsonElement _object;

    private JsonFields(string place, JsonElement element)
    {
        Place = place;
        _object = element;
    }

    public string Place { get; }

    /// <summary>Parses strict JSON: UTF-8, one object, no comments, no duplicate names.</summary>
    public static JsonFields Parse(string place, ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
            throw CheckpointError.At(place, "JSON in UTF-8", "bytes that are not UTF-8");

        try
        {
            return FromElement(place, JsonElement.Parse(utf8, Strict));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: a lone surrogate in a name
        {
            throw CheckpointError.At(place, "a JSON object", $"text that is not: {CheckpointError.Shown(e.Message)}", cause: e);
        }
    }

    /// <summary>The object <paramref name="element"/>, which stands at <paramref name="place"/>.</summary>
    public static JsonFields FromElement(string place, JsonElement element) =>
        element.ValueKind == JsonValueKind.Object
            ? new JsonFields(place, element)
            : throw CheckpointError.At(place, "a JSON object", Shown(element), NextStep);

    public bool Has(string field) => Find(field) is not null;

    public JsonFields? Object(string field) =>
        Find(field) is { } element ? FromElement($"{Place}, {field}", element) : null;

    public IEnumerable<(string Name, JsonElement Value)> Entries()
    {
        foreach (var property in _object.EnumerateObject())
            yield return (Decoded(property), property.Value);
    }

    public string? Text(string field) => Find(field) is { } element ? TextOf(field, element) : null;

    public string RequiredText(string field) => Text(field) ?? throw Wrong(field, "a string");

    public bool Boolean(string field, bool whenAbsent) => Find(field) switch
    {
        null => whenAbsent,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Wrong(field, "true or false"),
    };

    /// <summary>A whole number in [min, max]; an absent field is an error unless <paramref name="whenAbsent"/> is given.</summary>
    public int Integer(string field, int min, int max, int? whenAbsent = null)
    {
        if (Find(field) is not { } element)
            return whenAbsent ?? throw Wrong(field, $"a whole number from {min} to {max}");

        return (int)IntegerOf(field, element, min, max);
    }

    /// <summary>A finite number above 0.</summary>
    public float PositiveNumber(string field, float whenAbsent)
    {
        if (Find(field) is not { } element)
            return whenAbsent;

        if (element.ValueKind == JsonValueKind.Number && element.TryGetSingle(out var number) && float.IsFinite(number) && number > 0)
            return number;

        throw Wrong(field, "a finite number above 0");
    }

    /// <summary>A finite number of at least <paramref name="min"/>.</summary>
    public float Number(string field, float min, float whenAbsent)
    {
        if (Find(field) is not { } element)
            return whenAbsent;

        if (element.ValueKind == JsonValueKind.Number && element.TryGetSingle(out var number) && float.IsFinite(number) && number >= min)
            return number;

        throw Wrong(field, $"a finite number of at least {min}");
    }

    /// <summary>An array of whole numbers in [min, max]; a bare number counts as an array of one, an absent field as none.</summary>
    public IReadOnlyList<long> Integers(string field, long min, long max)
    {
        if (Find(field) is not { } element)
            return [];

        if (element.ValueKind != JsonValueKind.Array)
            return [IntegerOf(field, element, min, max)];

        var numbers = new List<long>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
            numbers.Add(IntegerOf($"{field}[{numbers.Count}]", item, min, max));
        return numbers;
    }

    /// <summary>As <see cref="Integers"/>, but the field must be there and be an array.</summary>
    public IReadOnlyList<long> RequiredIntegers(string field, long min, long max) =>
        Find(field) is { ValueKind: JsonValueKind.Array }
            ? Integers(field, min, max)
            : throw Wrong(field, "an array of whole numbers");

    public IReadOnlyList<string> Texts(string field)
    {
        if (Find(field) is not { ValueKind: JsonValueKind.Array } element)
            throw Wrong(field, "an array of strings");

        var texts = new List<string>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
            texts.Add(TextOf($"{field}[{texts.Count}]", item));
        return texts;
    }

    /// <summary>The error that <paramref name="field"/> is not what it should be.</summary>
    public UserErrorException Wrong(string field, string expected, string nextStep = NextStep) =>
        CheckpointError.At($"{Place}, {field}", expected, Find(field) is { } element ? Shown(element) : "no such field", nextStep);

    public string TextOf(string field, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            try
            {
                return element.GetString()!;
            }
            catch (InvalidOperationException) // a lone surrogate
            {
            }
        }

        throw CheckpointError.At($"{Place}, {field}", "a string", Shown(element), NextStep);
    }

    private static string Shown(JsonElement element) => CheckpointError.Shown(element.GetRawText());

    private JsonElement? Find(string field) =>
        _object.TryGetProperty(field, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private string Decoded(JsonProperty property)
    {
        string? name = null;
        try
        {
            name = property.Name;
        }
        catch (InvalidOperationException) // a lone surrogate
        {
        }

        return name is not null && !name.Any(char.IsControl)
            ? name
            : throw CheckpointError.At(Place, "names of valid Unicode without control characters", Shown(property.Value));
    }

    private long IntegerOf(string field, JsonElement element, long min, long max) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number) && number >= min && number <= max
            ? number
            : throw CheckpointError.At($"{Place}, {field}", $"a whole number from {min} to {max}", Shown(element), NextStep);
}
