using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What one device's session published.</summary>
internal sealed class SimulatedSession(SessionId id)
{
    public SessionId Id => id;

    public SessionKey Key => SessionKey.Of($"edge/{id.Value}", id.Value);

    public List<SessionEvent> Events { get; } = [];

    public SimulatedNode? Actor { get; set; }

    public IEnumerable<int> Tokens => Events.OfType<TokenGenerated>().Select(generated => generated.Token);

    public int TokenCount { get; private set; }

    public SessionEnded? Ended { get; private set; }

    /// <summary>The worker of the newest plan.</summary>
    public string Worker => Events.OfType<SessionPlanned>().Last().Plan.Worker;

    public int LossCount => Events.OfType<WorkerReplaced>().Count();

    public void Add(SessionEvent sessionEvent)
    {
        Assert.Null(Ended);
        Events.Add(sessionEvent);
        TokenCount += sessionEvent is TokenGenerated ? 1 : 0;
        Ended = sessionEvent as SessionEnded;
    }
}
