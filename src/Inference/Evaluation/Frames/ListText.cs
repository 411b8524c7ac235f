namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The first few elements of a list.</summary>
internal static class ListText
{
    private const int CountMax = 6;

    public static string Of<T>(ReadOnlySpan<T> values)
    {
        var shown = string.Join(", ", values[..Math.Min(CountMax, values.Length)].ToArray());
        return values.Length > CountMax ? $"{shown}, and {values.Length - CountMax} more" : shown;
    }
}
