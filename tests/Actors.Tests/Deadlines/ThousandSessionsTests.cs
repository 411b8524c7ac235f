using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Links;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>Many sessions with deadlines on few workers, over a link that keeps changing.</summary>
public sealed class ThousandSessionsTests(ITestOutputHelper output)
{
    private const int SessionCount = 1000;
    private const int WorkerCount = 8;

    private static readonly LinkProfile[] Profiles =
    [
        LinkProfile.Of(15e6, 30e6, TimeSpan.FromMilliseconds(2)),
        LinkProfile.Of(3e6, 4e6, TimeSpan.FromMilliseconds(20)),
        LinkProfile.Of(1e6, 2e6, TimeSpan.FromMilliseconds(40), lossProbability: 0.01),
        LinkProfile.Rayleigh(new RayleighChannel(10e6, 10), TimeSpan.FromMilliseconds(4)),
        LinkProfile.Rayleigh(new RayleighChannel(1e6, 3), TimeSpan.FromMilliseconds(10)),
    ];

    private static readonly int[] DeadlinesMs = [25, 40, 60, 100, 200];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EveryResponse_KeepsItsDeadline_OrIsReported(int seed)
    {
        var random = new SplitMix64((ulong)seed);
        await using var world = new DeadlineWorld((ulong)seed, Profiles[0]);
        for (var number = 1; number <= WorkerCount; number++)
            world.StartWorker(number, TimeSpan.FromMilliseconds(3 + number), TimeSpan.FromMicroseconds(60));
        var sessions = new List<WatchedSession>();
        for (var number = 1; number <= SessionCount; number++)
        {
            sessions.Add(world.StartSession(
                number,
                TimeSpan.FromMilliseconds(DeadlinesMs[random.Next(DeadlinesMs.Length)]),
                TimeSpan.FromMilliseconds(1 + random.Next(10)),
                promptCount: 1 + random.Next(150),
                generatedCount: 20 + random.Next(60)));
            if (random.Next(20) == 0)
                world.Link.Profile = Profiles[random.Next(Profiles.Length)];
            if (random.Next(50) == 0)
                world.Slowdown = 1 + (0.5 * random.Next(3));
            world.Driver.RunFor(TimeSpan.FromMilliseconds(random.Next(200)));
        }

        Assert.True(world.Driver.RunUntil(() => sessions.TrueForAll(session => session.Ended is not null), TimeSpan.FromMinutes(10)));
        var verdicts = sessions.SelectMany(session => session.Verdicts).ToList();
        int Count(Verdict verdict) => verdicts.Count(pair => pair.Said == verdict);
        var rejected = sessions.Where(session => session.TokenCount == 0).ToList();
        output.WriteLine($"{sessions.Count - rejected.Count} sessions served, {rejected.Count} rejected; of {verdicts.Count} tokens {Count(Verdict.Kept)} kept, {Count(Verdict.Degraded)} degraded, {Count(Verdict.Missed)} missed and reported.");

        Assert.All(verdicts, pair => Assert.True(pair.IsTrue)); // none is silent
        Assert.All(sessions, session => Assert.Equal(session.Verdicts.Exists(pair => pair.Said != Verdict.Kept), session.Ledger.IsDegraded)); // kept, degraded or rejected
        Assert.All(rejected, session => Assert.Equal(EndReason.Refused, session.Ended!.Reason));
        Assert.All(rejected, session => Assert.Contains("deadline", session.Ended!.Detail, StringComparison.Ordinal));
        Assert.InRange(rejected.Count, 1, SessionCount / 4);
        Assert.InRange(Count(Verdict.Degraded), 1, verdicts.Count / 4);
        Assert.InRange(Count(Verdict.Missed), 0, verdicts.Count / 100); // while link or load change
        Assert.All(sessions.Except(rejected), session => Assert.Equal(EndReason.TokenLimit, session.Ended!.Reason));
        Assert.Equal(Count(Verdict.Missed), world.Network.Bodies<LinkReport>().Sum(report => (int)report.MissedCount)); // the scheduler knows them too
    }
}
