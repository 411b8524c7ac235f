using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class RecoveryTests
{
    /// <summary>Tokens at 100, 110, 120, …, with a pause of 300 before the fourth.</summary>
    private static readonly TimeSpan[] Arrivals = [Ms(100), Ms(110), Ms(120), Ms(420), Ms(430), Ms(440), Ms(450), Ms(900)];

    [Fact]
    public void Recovery_InDecode_IsTheLongestWaitBeyondTheUsualOne() => Assert.Equal(Ms(290), Of(at: 115, until: 115));

    [Fact]
    public void Recovery_EventWithinThePause_CountsFromTheEvent() => Assert.Equal(Ms(120), Of(at: 300, until: 300));

    [Fact]
    public void Recovery_LaterPauses_AreNotItsOwn_UnlessItLastsUntilThen()
    {
        Assert.Equal(TimeSpan.Zero, Of(at: 421, until: 421));
        Assert.Equal(Ms(440), Of(at: 421, until: 700));
    }

    [Fact]
    public void Recovery_BeforeTheFirstToken_CountsFromWhenItWasDue()
    {
        Assert.Equal(Ms(40), Recovery.Of(TimeSpan.Zero, [Ms(100), Ms(110)], Ms(20), Ms(20), usualFirst: Ms(60)));
        Assert.Equal(Ms(20), Recovery.Of(TimeSpan.Zero, [Ms(100), Ms(110)], Ms(80), Ms(80), usualFirst: Ms(60)));
        Assert.Equal(TimeSpan.Zero, Recovery.Of(TimeSpan.Zero, [Ms(100), Ms(110)], Ms(80), Ms(80), usualFirst: Ms(150)));
    }

    [Fact]
    public void Recovery_NoTokenAfterIt_IsNone() => Assert.Null(Of(at: 901, until: 901));

    [Fact]
    public void Report_DisturbancesThatOverlap_AreApart()
    {
        var disturbances = ChaosReport.Compare([Disturbed("a", 100, 100, 50), Disturbed("b", 140, 145, 1), Disturbed("c", 200, 300, 10), Disturbed("d", 301, 301, 10)]);

        Assert.Equal([true, true, false, false], disturbances.Select(disturbance => disturbance.IsAmongOthers));
    }

    [Fact]
    public void Report_FailureOrProblem_IsNotGood()
    {
        var failure = new FailedSession("session1", 32, new Verdict(SessionOutcome.Wrong, "token 1"), []);

        Assert.True(Report([], []).IsGood);
        Assert.False(Report([failure], []).IsGood);
        Assert.False(Report([], ["a worker ended"]).IsGood);
    }

    [Fact]
    public void Group_Percentiles_AreByNearestRank()
    {
        var group = new RecoveryGroup("a", 4, [1, 2, 3, 4]);

        Assert.Equal([2, 4, 4], new[] { group.At(0.5), group.At(0.99), group.At(1) });
        Assert.Null(new RecoveryGroup("a", 4, []).At(0.5));
    }

    private static TimeSpan? Of(int at, int until) => Recovery.Of(TimeSpan.Zero, Arrivals, Ms(at), Ms(until), usualFirst: Ms(100));

    private static DisturbedSession Disturbed(string name, int at, int until, int recovery) => new(name, 32, 1, Ms(at), Ms(until)) { Recovery = Ms(recovery) };

    private static ChaosReport Report(IReadOnlyList<FailedSession> failures, IReadOnlyList<string> problems) => new()
    {
        Sessions = new Dictionary<SessionOutcome, int>(),
        TokenCount = 0,
        Changes = (0, 0),
        WallTime = TimeSpan.Zero,
        Disturbances = [],
        Failures = failures,
        Problems = problems,
    };

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
