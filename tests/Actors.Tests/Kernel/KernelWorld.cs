using SplitActors.Actors.Simulation;

namespace SplitActors.Actors.Tests.Kernel;

/// <summary>A simulated system whose events are kept.</summary>
internal sealed class KernelWorld
{
    private readonly SimulationDriver _driver;

    public KernelWorld(ulong? seed = null, Func<ActorSystemOptions, ActorSystemOptions>? configure = null)
    {
        _driver = new SimulationDriver(seed);
        var options = _driver.Options with { EventSink = Events.Add };
        System = new ActorSystem(configure?.Invoke(options) ?? options);
    }

    public ActorSystem System { get; }

    public List<KernelEvent> Events { get; } = [];

    public VirtualTimeProvider Time => _driver.Time;

    public SimulationDispatcher Dispatcher => _driver.Dispatcher;

    public void Run() => _driver.RunUntilIdle();

    public void RunFor(TimeSpan span) => _driver.RunFor(span);

    public IEnumerable<DeadLetterReason> DeadLetterReasons => System.DeadLetters.Snapshot().Select(letter => letter.Reason);

    public ActorRef Spawn(string name, Action<IActorContext, object> receive) => System.Spawn(ScriptedActor.Props(receive), name);

    /// <summary>An actor that keeps what it receives.</summary>
    public ActorRef SpawnProbe(string name, List<object> received, int? mailboxCapacity = null) =>
        System.Spawn(ScriptedActor.Props((_, message) => received.Add(message)) with { MailboxCapacity = mailboxCapacity }, name);
}
