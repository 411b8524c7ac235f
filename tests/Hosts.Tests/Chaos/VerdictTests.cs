using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class VerdictTests
{
    [Fact]
    public void Verdict_SameTokensTextAndEnd_IsExact() => Assert.Equal(new Verdict(SessionOutcome.Exact, ""), Judge(Session([5, 6, 7])));

    [Theory]
    [InlineData(new[] { 5, 9, 7 }, "token 2 is 9 instead of 6")]
    [InlineData(new[] { 5, 6, 6, 7 }, "token 3 is 6 instead of 7")]
    [InlineData(new[] { 5, 6, 7, 8 }, "token 4 is 8 instead of the end")]
    [InlineData(new[] { 5, 6 }, "it ended after 2 of 3 tokens by token_limit")]
    public void Verdict_PlantedDifference_IsWrong_AndSaysWhere(int[] tokens, string detail) =>
        Assert.Equal(new Verdict(SessionOutcome.Wrong, detail), Judge(Session(tokens)));

    [Fact]
    public void Verdict_OtherEnd_IsWrong() => Assert.Equal(SessionOutcome.Wrong, Judge(Session([5, 6, 7], reason: "end_token")).Outcome);

    [Fact]
    public void Verdict_OtherText_IsWrong() => Assert.Equal(SessionOutcome.Wrong, Judge(Session([5, 6, 7], text: "a b d")).Outcome);

    [Fact]
    public void Verdict_NoEnd_IsUnfinished_WithWhatTheProcessSaid()
    {
        var verdict = Judge(Session([5, 6], reason: null), exitCode: 137, errors: "killed by somebody");

        Assert.Equal(SessionOutcome.Unfinished, verdict.Outcome);
        Assert.Contains("2 of 3 tokens with exit code 137: killed by somebody", verdict.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Verdict_FailedSession_IsUnfinished_WithItsReason() =>
        Assert.EndsWith("no scheduler", Judge(Session([5], reason: "failed", detail: "no scheduler"), exitCode: 1).Detail, StringComparison.Ordinal);

    [Fact]
    public void Text_LineThatWasCutOff_IsIgnored()
    {
        var text = new GeneratedText();

        Assert.False(text.Read("""{"type":"token","id":"""));
        Assert.False(text.Read("""{"time":"now"}"""));
        Assert.Empty(text.Tokens);
    }

    [Fact]
    public void Text_LostWorker_IsForgottenUntilTheNextPlan()
    {
        var text = new GeneratedText();
        Assert.Null(text.Worker);
        text.Read("""{"type":"plan","worker":"worker/a"}""");
        Assert.Equal("worker/a", text.Worker);
        text.Read("""{"type":"worker_replaced","lost":"worker/a","reason":"gone"}""");
        Assert.Equal("", text.Worker);
        text.Read("""{"type":"plan","worker":"worker/b"}""");
        Assert.Equal("worker/b", text.Worker);
    }

    private static Verdict Judge(GeneratedText found, int exitCode = 0, string errors = "") => Verdict.Of(Session([5, 6, 7]), found, exitCode, errors);

    private static GeneratedText Session(int[] tokens, string text = "a b c", string? reason = "token_limit", string? detail = null)
    {
        var session = new GeneratedText();
        foreach (var token in tokens)
            Assert.True(session.Read($$"""{"type":"token","id":{{token}}}"""));
        if (reason is not null)
            Assert.True(session.Read($$"""{"type":"ledger","prompt_tokens":2,"text":"{{text}}","end_reason":"{{reason}}","detail":{{(detail is null ? "null" : $"\"{detail}\"")}}}"""));
        return session;
    }
}
