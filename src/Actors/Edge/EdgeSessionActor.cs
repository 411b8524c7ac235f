using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;

namespace SplitActors.Actors.Edge;

/// <summary>A device's session. Tell it <see cref="StartSession"/>; it stops itself at the end.</summary>
/// <param name="initial">An idle session.</param>
/// <param name="peers">The way to scheduler and worker.</param>
/// <param name="loadFront">Loads what a plan puts on the device; runs beside the mailbox. The front is disposed with the session.</param>
/// <param name="publish">Told what happens, in order, within the actor's turns: must be quick.</param>
/// <param name="lanes">Threads that compute.</param>
public sealed class EdgeSessionActor(EdgeState initial, IPeers peers, Func<Plan, FrontEngine> loadFront, Action<SessionEvent> publish, ComputeLanes lanes)
    : StepActor(() => new ComputingEdge(initial, peers, loadFront, publish), lanes);

/// <summary>A session on fronts that compute.</summary>
public sealed class ComputingEdge(EdgeState initial, IPeers peers, Func<Plan, FrontEngine> loadFront, Action<SessionEvent> publish)
    : EdgeShell<FrontEngine>(initial, peers, publish)
{
    /// <summary>A session cannot be restarted: its cache is lost.</summary>
    public override void Fail(Exception reason) => Publish(new SessionEnded(EndReason.Failed, $"The session failed: {reason.Message}"));

    public override void Receive(object message) => base.Receive(
        message is WorkFailed failure
            ? new FrontFailed(failure.Cause is UserErrorException ? failure.Cause.Message : $"The device cannot compute: {failure.Cause.Message}")
            : message);

    protected override void Load(Plan plan) => Host.Load(() => LoadOrSay(plan));

    protected override void Compute(FrontEngine front, EdgeEffect.ComputeFront work) => Host.Compute(() => front.Compute(work));

    protected override void Ship(FrontEngine source, FrontEngine? front, EdgeEffect.ShipKeysAndValues work) => Host.Compute(() => source.Ship(work, front));

    protected override void Release(FrontEngine front) => front.Dispose();

    private object LoadOrSay(Plan plan)
    {
        try
        {
            return loadFront(plan);
        }
        catch (UserErrorException failure)
        {
            return new FrontUnavailable(failure.Message);
        }
        catch (Exception failure) // whatever it is, a session that could not move goes on where it is
        {
            return new FrontUnavailable($"The device cannot load layers 1–{plan.SplitLayer}: {failure.Message}");
        }
    }
}
