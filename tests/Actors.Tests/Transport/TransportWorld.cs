using SplitActors.Actors.Peers;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Transport;

/// <summary>Lists that keep what peers bring them, in virtual time.</summary>
internal sealed class TransportWorld
{
    private readonly SimulationDriver _driver = new();

    public LocalPeers InProcess { get; } = new();

    public VirtualTimeProvider Time => _driver.Time;

    public static List<object> Register(IPeers peers, string name)
    {
        var received = new List<object>();
        peers.Register(name, received.Add);
        return received;
    }

    public void Run() => _driver.RunUntilIdle();

    public void RunFor(TimeSpan span) => _driver.RunFor(span);
}
