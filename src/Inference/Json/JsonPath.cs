namespace SplitActors.Inference.Json;

/// <summary>
/// Where a value stands in a file, linked from the value to the file. The text is put together only for a message: a vocabulary has
/// 10^5 fields.
/// </summary>
internal sealed class JsonPath
{
    private readonly JsonPath? _parent; // null for the whole file
    private readonly string? _name; // of the file, or of a field; null for an item
    private readonly int _index; // of an item

    /// <param name="place">The file, or another place that messages name first.</param>
    /// <param name="nextStep">What messages tell the user to do.</param>
    public JsonPath(string place, string nextStep) => (_name, NextStep) = (place, nextStep);

    /// <summary>A step down: to the field <paramref name="name"/>, or, where that is null, to an item.</summary>
    public JsonPath(JsonPath parent, string? name, int index) =>
        (_parent, _name, _index, NextStep) = (parent, name, index, parent.NextStep);

    public string NextStep { get; }

    /// <summary>Such as <c>config.json, rope_parameters.rope_theta</c> or <c>tokenizer.json, model.merges[7]</c>.</summary>
    public override string ToString() => _parent is null ? _name! : $"{_parent}{(_parent._parent is null ? ", " : "")}{Step}";

    private string Step => _name switch
    {
        null => $"[{_index}]",
        _ when !IsIdentifier(_name) => $"['{ShownText.Of(_name)}']",
        _ => _parent!._parent is null ? _name : $".{_name}",
    };

    private static bool IsIdentifier(string name) =>
        name.Length is > 0 and <= ShownText.CharsMax && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
