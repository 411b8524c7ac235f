using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Transport;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Simulation;

/// <summary>What only a simulated cluster asks of a <see cref="FaultyTransport"/>.</summary>
public sealed class NetworkFaultsTests
{
    private readonly TransportWorld _world = new();

    [Fact]
    public void Isolated_NeitherSendsNorReceives_UntilItRejoins()
    {
        var network = new FaultyTransport(_world.InProcess, _world.Time, seed: 1, new NetworkFaults());
        var (a, b, c) = (TransportWorld.Register(network, "a"), TransportWorld.Register(network, "b"), TransportWorld.Register(network, "c"));
        network.Isolate("a");
        network.Send("a", "b", new Nack());
        network.Send("b", "a", new Nack());
        network.Send("b", "c", new Nack());
        _world.Run();
        Assert.Equal((0, 0, 1), (a.Count, b.Count, c.Count));

        network.Rejoin("a");
        network.Send("b", "a", new Nack());
        _world.Run();
        Assert.Equal((1, 2), (a.Count, network.DroppedCount));
    }

    [Fact]
    public void Reordering_BreaksTheOrderOfAPair_AndLosesNothing()
    {
        const int messageCount = 200;
        var network = new FaultyTransport(_world.InProcess, _world.Time, seed: 1, new NetworkFaults { ReorderRate = 0.2, DelayMax = TimeSpan.FromMilliseconds(50) });
        var received = TransportWorld.Register(network, "a");
        for (var position = 0u; position < messageCount; position++)
        {
            network.Send("b", "a", new Nack { ExpectedPosition = position });
            _world.RunFor(TimeSpan.FromMilliseconds(1));
        }

        _world.RunFor(TimeSpan.FromSeconds(1));
        var positions = received.Cast<Received>().Select(message => ((Nack)message.Body).ExpectedPosition).ToList();
        Assert.NotEqual(positions.Order(), positions);
        Assert.Equal(Enumerable.Range(0, messageCount).Select(position => (uint)position), positions.Order());
        Assert.InRange(network.ReorderedCount, 20, 60);
    }
}
