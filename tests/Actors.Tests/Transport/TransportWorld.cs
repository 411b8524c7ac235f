using SplitActors.Actors.Simulation;
using SplitActors.Actors.Tests.Kernel;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Tests.Transport;

/// <summary>A simulated system with actors that keep what a transport brings them.</summary>
internal sealed class TransportWorld
{
    private readonly KernelWorld _world = new();

    public LocalPeers InProcess { get; } = new();

    public VirtualTimeProvider Time => _world.Time;

    public IEnumerable<DeadLetterReason> DeadLetterReasons => _world.DeadLetterReasons;

    /// <summary>Registers an actor under its name.</summary>
    public List<object> Register(IPeers transport, string address, int? mailboxCapacity = null)
    {
        var (actor, received) = SpawnProbe(address, mailboxCapacity);
        transport.Register(address, actor);
        return received;
    }

    public (ActorRef Actor, List<object> Received) SpawnProbe(string name, int? mailboxCapacity = null)
    {
        var received = new List<object>();
        return (_world.SpawnProbe(name, received, mailboxCapacity), received);
    }

    public void Run() => _world.Run();

    public void RunFor(TimeSpan span) => _world.RunFor(span);
}
