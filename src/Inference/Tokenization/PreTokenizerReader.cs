using System.Text.RegularExpressions;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tokenization;

/// <summary>Reads the `pre_tokenizer` field of tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    public static PreTokenizer Read(JsonField field)
    {
        var steps = Flatten(field).ToList();
        var byteLevel = steps.FindIndex(step => step is ByteLevelPreTokenizer);
        if (byteLevel < 0 || byteLevel != steps.Count - 1)
            throw field.Error("ByteLevel as the only step or the last");

        return steps.Count == 1 ? steps[0] : new PreTokenizerSequence(steps);
    }

    private static IEnumerable<PreTokenizer> Flatten(JsonField field) => field.Field("type").Text() switch
    {
        "Sequence" => field.Field("pretokenizers").Items().SelectMany(Flatten),
        "Split" => [ReadSplit(field)],
        "Digits" => [new DigitsPreTokenizer(isolatesEach: field.Field("individual_digits").Flag(whenAbsent: false))],
        "ByteLevel" =>
        [
            new ByteLevelPreTokenizer(
                addsPrefixSpace: field.Field("add_prefix_space").Flag(whenAbsent: true),
                usesGpt2Pattern: field.Field("use_regex").Flag(whenAbsent: true)),
        ],
        _ => throw field.Field("type").Error("ByteLevel, Split, Digits or Sequence"),
    };

    private static PatternSplit ReadSplit(JsonField field)
    {
        var behavior = field.Field("behavior").Text() switch
        {
            "Isolated" => SplitBehavior.Isolated,
            "Removed" => SplitBehavior.Removed,
            _ => throw field.Field("behavior").Error("Isolated or Removed"),
        };
        var isInverted = field.Field("invert").Flag(whenAbsent: false);

        var (pattern, source) = ReadPattern(field.Field("pattern"));
        if (PatternDialect.Objection(source) is { } objection)
            throw pattern.Error("a regular expression that .NET reads as Oniguruma does", objection);

        try
        {
            return new PatternSplit(source, behavior, isInverted, pattern.Place);
        }
        catch (ArgumentException e)
        {
            throw pattern.Error("a regular expression", e.Message, cause: e);
        }
    }

    private static (JsonField Field, string Source) ReadPattern(JsonField field)
    {
        if (field.Field("Regex") is { IsAbsent: false } regex)
            return (regex, regex.Text());
        if (field.Field("String") is { IsAbsent: false } literal)
            return (literal, Regex.Escape(literal.Text()));

        throw field.Error("Regex or String");
    }
}
