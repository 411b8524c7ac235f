namespace SplitActors.Inference.Evaluation;

/// <summary>
/// A text in windows that a model sees one at a time. With a begin-of-text token, it stands before each window and all of a window's tokens are
/// predicted; without one, all but the first.
/// </summary>
/// <param name="text">Token ids.</param>
/// <param name="windowTokens">Most tokens that go in at once.</param>
/// <param name="beginOfText">Null: the model has none.</param>
internal sealed class TextWindows(ReadOnlyMemory<int> text, int windowTokens, int? beginOfText)
{
    private readonly int[] _input = new int[windowTokens];

    /// <summary>Tokens that are predicted in all windows.</summary>
    public int TokenCount
    {
        get
        {
            var count = 0;
            for (var start = 0; TryRead(start, out _, out var targets); start += targets.Length)
                count += targets.Length;
            return count;
        }
    }

    /// <summary>The window of the text from <paramref name="start"/> on; the next one starts behind its targets.</summary>
    /// <param name="start">A position in the text.</param>
    /// <param name="input">[n] What the model sees; valid until the next call.</param>
    /// <param name="targets">[n] What follows each.</param>
    /// <returns>False where nothing is left to predict.</returns>
    public bool TryRead(int start, out ReadOnlySpan<int> input, out ReadOnlySpan<int> targets)
    {
        var rest = text.Span[Math.Min(start, text.Length)..];
        var count = Math.Min(windowTokens, beginOfText is null ? rest.Length - 1 : rest.Length);
        input = targets = default;
        if (count <= 0)
            return false;
        if (beginOfText is { } begin)
        {
            _input[0] = begin;
            rest[..(count - 1)].CopyTo(_input.AsSpan(1));
            input = _input.AsSpan(0, count);
            targets = rest[..count];
        }
        else
        {
            input = rest[..count];
            targets = rest.Slice(1, count);
        }

        return true;
    }
}
