using System.Text.RegularExpressions;

namespace SplitActors.Inference.Tokenization;

/// <summary>What becomes of the text that a <see cref="PatternSplit"/> matches.</summary>
internal enum SplitBehavior
{
    /// <summary>A word of its own.</summary>
    Isolated,

    /// <summary>Dropped.</summary>
    Removed,
}

/// <summary>The `Split` pre-tokenizer: a regular expression over characters, not over UTF-16 code units.</summary>
internal sealed class PatternSplit : PreTokenizer
{
    /// <summary>Per match; the patterns in use take microseconds.</summary>
    private static readonly TimeSpan MatchTimeMax = TimeSpan.FromSeconds(2);

    private readonly Regex _regex;
    private readonly SplitBehavior _behavior;
    private readonly bool _isInverted;
    private readonly string _place;

    /// <param name="pattern">As <see cref="PatternDialect.Objection"/> accepts it.</param>
    /// <param name="behavior">What becomes of a match.</param>
    /// <param name="isInverted">The text between matches is what counts as matched.</param>
    /// <param name="place">Where the pattern was read, for complaints.</param>
    /// <exception cref="ArgumentException">The pattern is not a regular expression.</exception>
    public PatternSplit(string pattern, SplitBehavior behavior, bool isInverted, string place)
    {
        // Oniguruma's ^ and $ always match at line ends, hence Multiline. Not Compiled: that costs more at start than prompts repay.
        _regex = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Multiline, MatchTimeMax);
        (_behavior, _isInverted, _place) = (behavior, isInverted, place);
    }

    public override void Split(TextPiece piece, List<TextPiece> words)
    {
        var shadow = SupplementaryShadow.Of(piece.Span);
        var text = shadow is null ? piece.Span : shadow.Chars;
        var done = 0;
        try
        {
            foreach (var match in _regex.EnumerateMatches(text))
            {
                Add(done, match.Index, isMatch: false);
                Add(match.Index, match.Index + match.Length, isMatch: true);
                done = match.Index + match.Length;
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new UserErrorException(
                UserErrorKind.Checkpoint, _place,
                "a pattern that scans text in linear time", $"one still busy after {MatchTimeMax.TotalSeconds} s",
                "Choose another checkpoint, or mend the pattern.", e);
        }

        Add(done, text.Length, isMatch: false);

        void Add(int start, int end, bool isMatch)
        {
            if (start < end && (_behavior == SplitBehavior.Isolated || isMatch == _isInverted))
                words.Add(shadow is null ? piece.Slice(start, end) : piece.Slice(shadow.IndexOf[start], shadow.IndexOf[end]));
        }
    }
}
