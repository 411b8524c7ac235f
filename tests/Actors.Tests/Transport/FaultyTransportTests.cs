using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Transport;

public sealed class FaultyTransportTests
{
    private const int MessageCount = 1000;

    private readonly TransportWorld _world = new();

    [Fact]
    public void Messages_WithoutFaults_ArriveAtOnce()
    {
        var network = Network(new NetworkFaults());
        var received = SendAll(network);
        _world.Run();

        Assert.Equal(Enumerable.Range(0, MessageCount), Positions(received));
        Assert.Equal(TimeSpan.Zero, _world.Time.Elapsed);
    }

    [Fact]
    public void Drops_HappenAtTheirRate_AndAreCounted()
    {
        var network = Network(new NetworkFaults { DropRate = 0.3 });
        var received = SendAll(network);
        _world.Run();

        Assert.InRange(network.DroppedCount, 250, 350);
        Assert.Equal(MessageCount - network.DroppedCount, received.Count);
        Assert.Equal(MessageCount, network.SentCount);
    }

    [Fact]
    public void Duplicates_FollowTheirOriginals()
    {
        var network = Network(new NetworkFaults { DuplicateRate = 0.3, DelayRate = 0.5, DelayMax = TimeSpan.FromSeconds(1) });
        var received = SendAll(network);
        _world.RunFor(TimeSpan.FromSeconds(2));

        Assert.InRange(network.DuplicatedCount, 250, 350);
        Assert.Equal(MessageCount + network.DuplicatedCount, received.Count);
        Assert.Equal(Positions(received).Order(), Positions(received));
    }

    [Fact]
    public void Delays_KeepTheOrderOfEachPair_ButNotAcrossPairs()
    {
        var network = Network(new NetworkFaults { DelayRate = 0.5, DelayMax = TimeSpan.FromMilliseconds(100) });
        var received = TransportWorld.Register(network, "a");
        for (var i = 0u; i < MessageCount; i++)
        {
            network.Send($"b/{i % 2}", "a", new Nack { ExpectedPosition = i });
            _world.RunFor(TimeSpan.FromMilliseconds(i % 7));
        }

        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(MessageCount, received.Count);
        Assert.InRange(network.DelayedCount, 400, 600);
        foreach (var pair in received.Cast<Received>().GroupBy(message => message.From, StringComparer.Ordinal))
            Assert.Equal(Positions(pair).Order(), Positions(pair));
        Assert.NotEqual(Positions(received).Order(), Positions(received));
    }

    [Fact]
    public void SameSeed_GivesTheSameFaults()
    {
        var faults = new NetworkFaults { DropRate = 0.1, DuplicateRate = 0.1, DelayRate = 0.5, DelayMax = TimeSpan.FromSeconds(1) };
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            var world = new TransportWorld();
            var received = TransportWorld.Register(world.InProcess, "a");
            var network = new FaultyTransport(world.InProcess, world.Time, 42, faults);
            for (var i = 0u; i < MessageCount; i++)
                network.Send("b", "a", new Nack { ExpectedPosition = i });
            world.RunFor(TimeSpan.FromSeconds(2));
            return Positions(received).ToList();
        }).ToList();

        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void CutNetwork_LosesWhatIsSent_ButNotWhatIsOnItsWay()
    {
        var network = Network(new NetworkFaults { DelayRate = 1, DelayMax = TimeSpan.FromSeconds(1) });
        var received = TransportWorld.Register(network, "a");
        network.Send("b", "a", new Welcome());
        network.IsCut = true;
        network.Send("b", "a", new Nack());
        _world.RunFor(TimeSpan.FromSeconds(2));

        Assert.IsType<Welcome>(Assert.IsType<Received>(Assert.Single(received)).Body);
        Assert.Equal(1, network.DroppedCount);
    }

    [Fact]
    public void LostWatches_AreCounted_TheOthersPass()
    {
        var network = Network(new NetworkFaults { WatchLossRate = 0.5 });
        var watcher = TransportWorld.Register(network, "watcher");
        for (var i = 0; i < 100; i++)
            network.Watch($"nobody/{i}", "watcher");
        _world.Run();

        Assert.InRange(network.WatchesLostCount, 30, 70);
        Assert.Equal(100 - network.WatchesLostCount, watcher.Count);
    }

    private FaultyTransport Network(NetworkFaults faults) => new(_world.InProcess, _world.Time, seed: 42, faults);

    private List<object> SendAll(FaultyTransport network)
    {
        var received = TransportWorld.Register(network, "a");
        for (var i = 0u; i < MessageCount; i++)
            network.Send("b", "a", new Nack { ExpectedPosition = i });
        return received;
    }

    private static IEnumerable<int> Positions(IEnumerable<object> received) =>
        received.Select(message => (int)((Nack)((Received)message).Body).ExpectedPosition);
}
