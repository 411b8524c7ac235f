using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Prompts of 350 tokens that take minutes to leave: as long as bytes leave, nobody is lost and nothing is sent again.</summary>
public sealed class SlowLinkTests
{
    private const int PromptCount = 350;
    private const int TokenCount = 3;

    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(40);
    private static readonly LinkProfile Fast = LinkProfile.Of(1e8, 1e8, RoundTrip);

    [Theory]
    [InlineData(100e3, true)]
    [InlineData(10e3, true)]
    [InlineData(10e3, false)]
    [InlineData(1e3, false)]
    public async Task LongPrompt_OverASlowLink_IsSentOnce_AndItsWorkerKept(double bitsPerSecond, bool isLossless)
    {
        var plan = isLossless ? Undisturbed.Lossless : Undisturbed.Compressed;
        var (once, tokens) = await RunAsync(plan, Fast);
        var (sent, sameTokens) = await RunAsync(plan, LinkProfile.Of(bitsPerSecond, bitsPerSecond, RoundTrip));

        Assert.InRange(sent, once, 1.1 * once);
        Assert.Equal(tokens, sameTokens);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Session_WhoseLinkSlowsAHundredfold_IsSentOnce_AndItsWorkerKept(int atToken)
    {
        var (once, tokens) = await RunAsync(Undisturbed.Lossless, Fast);
        var (sent, sameTokens) = await RunAsync(
            Undisturbed.Lossless,
            LinkProfile.Of(1e5, 1e5, RoundTrip),
            (session, link) => session.TokenCount == atToken && link.Traffic.Up.ByteCount > 100_000,
            LinkProfile.Of(1e3, 1e3, RoundTrip));

        Assert.InRange(sent, once, 1.1 * once);
        Assert.Equal(tokens, sameTokens);
    }

    [Fact]
    public async Task SessionThatMayGoOnAlone_DoesNotTakeASlowLinkForADeadOne()
    {
        var (once, _) = await RunAsync(Undisturbed.Lossless, Fast, change: options => options with { FallsBack = true });
        var (sent, _) = await RunAsync(Undisturbed.Lossless, LinkProfile.Of(1e4, 1e4, RoundTrip), change: options => options with { FallsBack = true });

        Assert.InRange(sent, once, 1.1 * once);
    }

    /// <returns>Bytes that the device sent, and the tokens that it got.</returns>
    private static async Task<(double Bytes, IEnumerable<int> Tokens)> RunAsync(
        FixedPlan plan,
        LinkProfile profile,
        Func<SimulatedSession, EmulatedLinkTransport, bool>? slows = null,
        LinkProfile? slow = null,
        Func<EdgeOptions, EdgeOptions>? change = null)
    {
        EmulatedLinkTransport? link = null;
        await using var cluster = new SimulatedCluster(
            plan, (inner, clock) => link = new EmulatedLinkTransport(inner, clock, profile, seed: 5, address => address.StartsWith("edge/", StringComparison.Ordinal)))
        {
            TimeMax = TimeSpan.FromHours(2),
        };
        cluster.StartWorker("worker/1");
        var prompt = Enumerable.Repeat(Undisturbed.LongPrompt, 3).SelectMany(ids => ids).Take(PromptCount);
        var session = cluster.StartSession(
            [.. prompt], change: options => (change?.Invoke(options) ?? options) with { GeneratedCountMax = TokenCount, EndTokens = [] });
        if (slows is not null)
        {
            cluster.RunUntil(() => slows(session, link!));
            link!.Profile = slow!;
        }

        cluster.RunUntilEnded(session);
        var sent = link!.Traffic.Up.ByteCount;
        link.Dispose();

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(0, session.LossCount);
        Assert.Empty(session.Events.OfType<SessionMoved>());
        return (sent, session.Tokens);
    }
}
