using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class DisturbanceQueueTests
{
    private static readonly Dictionary<DisturbanceKind, int> Counts = new() { [DisturbanceKind.KillWorker] = 30, [DisturbanceKind.CutLink] = 12, [DisturbanceKind.KillScheduler] = 5 };

    [Fact]
    public void Queue_SameSeed_GivesTheSame() => Assert.Equal(All(7), All(7));

    [Fact]
    public void Queue_OtherSeed_GivesOthers() => Assert.NotEqual(All(7), All(8));

    [Fact]
    public void Queue_HasAllThatWasAskedFor_InEveryPhase()
    {
        var all = All(7);

        Assert.Equal(Counts, all.GroupBy(disturbance => disturbance.Kind).ToDictionary(kind => kind.Key, kind => kind.Count()));
        Assert.Equal(10, all.Count(disturbance => disturbance is { Kind: DisturbanceKind.KillWorker, Phase: SessionPhase.Prefill }));
        foreach (var end in Enum.GetValues<CutEnd>())
        {
            Assert.Equal(2, all.Count(disturbance => disturbance is { Kind: DisturbanceKind.CutLink, Freezes: true } && disturbance.End == end));
            Assert.Equal(2, all.Count(disturbance => disturbance is { Kind: DisturbanceKind.CutLink, Freezes: false } && disturbance.End == end));
        }

        Assert.All(all, disturbance => Assert.InRange(disturbance.Moment, 0, 1));
    }

    [Fact]
    public void Take_ShortSession_GetsOne_LongOneAtMostOneBeforeItsFirstToken()
    {
        var queue = new DisturbanceQueue(Counts, 7);
        Assert.Single(queue.Take(8));
        for (var taken = queue.Take(64); taken.Count > 0; taken = queue.Take(64))
        {
            Assert.InRange(taken.Count, 1, 2);
            Assert.All(taken.Skip(1), disturbance => Assert.Equal(SessionPhase.Decode, disturbance.Phase));
        }
    }

    [Fact]
    public void PutBack_ComesAgain_AndEarlier()
    {
        var queue = new DisturbanceQueue(new Dictionary<DisturbanceKind, int> { [DisturbanceKind.PauseWorker] = 1 }, 7);
        var taken = Assert.Single(queue.Take(64));
        Assert.Empty(queue.Take(64));
        queue.PutBack(taken);
        Assert.Equal([taken with { Moment = taken.Moment / 2 }], queue.Take(64));
        Assert.Equal(1, queue.Total);
    }

    private static List<Disturbance> All(ulong seed)
    {
        var (queue, all) = (new DisturbanceQueue(Counts, seed), new List<Disturbance>());
        for (var taken = queue.Take(8); taken.Count > 0; taken = queue.Take(8))
            all.AddRange(taken);
        return all;
    }
}
