using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class WatchesTests
{
    private static readonly RabbitMqOptions Options = new()
    {
        Host = "",
        User = "u",
        Password = "",
        ProbePeriod = TimeSpan.FromSeconds(5),
        ProbesPerTickMax = 2,
        ReconnectPause = TimeSpan.FromSeconds(1),
        ReconnectPauseMax = TimeSpan.FromSeconds(10),
    };

    private readonly Watches _watches = new(Options);

    [Fact]
    public void NewAddress_IsProbedAtOnce_AndThenPeriodically()
    {
        _watches.Add("a", "w");
        _watches.Add("a", "v");
        Assert.Single(Due(0, isTick: false), "a");
        Assert.Empty(Due(4.9));
        Assert.Single(Due(5), "a");
        Assert.Empty(Due(9.9));
        Assert.Single(Due(10), "a");
        Assert.Equal(2, _watches.Count);
    }

    [Fact]
    public void Probes_OfMany_AreTakenInTurn()
    {
        foreach (var address in new[] { "a", "b", "c" })
            _watches.Add(address, "w");
        Due(0);
        Assert.Equal(["a", "b"], Due(6), StringComparer.Ordinal);
        Assert.Equal(["c"], Due(6.1), StringComparer.Ordinal);
        Assert.Empty(Due(6.2));
        Assert.Equal(["a", "b"], Due(11.15), StringComparer.Ordinal);
    }

    [Fact]
    public void EndOfAnAddress_TellsItsWatchersOnce()
    {
        _watches.Add("a", "w");
        _watches.Add("a", "v");
        _watches.Add("a", "w");
        Assert.Equal(["v", "w"], _watches.End("a").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Empty(_watches.End("a"));
        Assert.Equal(0, _watches.Count);
    }

    [Fact]
    public void WatchAnew_IsProbedOnce_HoweverOftenItEnded()
    {
        for (var i = 0; i < 5; i++)
        {
            _watches.Add("a", "w");
            Due(0);
            _watches.End("a");
        }

        _watches.Add("a", "w");
        Assert.Single(Due(1));
        Assert.Single(Due(6));
    }

    [Fact]
    public void Watcher_ThatIsForgotten_LeavesNothing()
    {
        _watches.Add("a", "w");
        _watches.Add("b", "w");
        _watches.Add("b", "v");
        _watches.Forget("w");
        Assert.Equal(["b"], Due(0), StringComparer.Ordinal);
        Assert.Equal(["v"], _watches.End("b"), StringComparer.Ordinal);
        Assert.Equal(0, _watches.Count);
    }

    [Fact]
    public void PausesBetweenAttempts_Double_UpToALimit_CutByHalfAtMost()
    {
        var random = new SplitMix64(7);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var full = Math.Min(Math.Pow(2, attempt), 10);
            Assert.InRange(ReconnectPause.Before(attempt, Options, random).TotalSeconds, full / 2, full);
        }

        Assert.True(Enumerable.Range(0, 20).Select(_ => ReconnectPause.Before(9, Options, random)).Distinct().Count() > 10);
    }

    private IEnumerable<string> Due(double seconds, bool isTick = true) => [.. _watches.TakeDue(TimeSpan.FromSeconds(seconds), isTick).Select(due => due.Address)];
}
