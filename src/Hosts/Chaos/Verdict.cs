namespace SplitActors.Hosts.Chaos;

internal enum SessionOutcome
{
    /// <summary>The same tokens, the same text, the same end.</summary>
    Exact,

    Wrong,

    /// <summary>It failed, or its process ended without saying how it went.</summary>
    Unfinished,
}

/// <summary>How a session compares with a run that nothing disturbed.</summary>
/// <param name="Outcome">In a word.</param>
/// <param name="Detail">What differs; empty if nothing does.</param>
internal sealed record Verdict(SessionOutcome Outcome, string Detail)
{
    /// <param name="expected">Of the run that nothing disturbed.</param>
    /// <param name="found">Of the session.</param>
    /// <param name="exitCode">Of its process.</param>
    /// <param name="errors">That its process told.</param>
    public static Verdict Of(GeneratedText expected, GeneratedText found, int exitCode, string errors)
    {
        if (expected.End is not var (text, reason, _))
            throw new InvalidOperationException("The run to compare with has not ended.");
        var differing = Enumerable.Range(0, found.Tokens.Count).FirstOrDefault(i => i >= expected.Tokens.Count || found.Tokens[i] != expected.Tokens[i], -1);
        if (differing >= 0)
        {
            var wanted = differing < expected.Tokens.Count ? $"{expected.Tokens[differing]}" : "the end";
            return new Verdict(SessionOutcome.Wrong, $"token {differing + 1} is {found.Tokens[differing]} instead of {wanted}");
        }

        if (exitCode != ExitCode.Success || found.End is null)
            return new Verdict(SessionOutcome.Unfinished, $"it ended after {found.Tokens.Count} of {expected.Tokens.Count} tokens with exit code {exitCode}: {found.End?.Detail ?? errors}");
        if (found.Tokens.Count < expected.Tokens.Count)
            return new Verdict(SessionOutcome.Wrong, $"it ended after {found.Tokens.Count} of {expected.Tokens.Count} tokens by {found.End.Value.Reason}");
        if (found.End.Value.Reason != reason)
            return new Verdict(SessionOutcome.Wrong, $"it ended by {found.End.Value.Reason} instead of {reason}");
        return found.End.Value.Text == text ? new Verdict(SessionOutcome.Exact, "") : new Verdict(SessionOutcome.Wrong, "the tokens are the same, and their text is another");
    }
}
