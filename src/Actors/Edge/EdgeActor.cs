using SplitActors.Actors.Kernel;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
using SplitActors.Inference;

namespace SplitActors.Actors.Edge;

/// <summary>A device's session on fronts that compute. Tell it <see cref="StartSession"/>; it stops itself at the end.</summary>
/// <param name="initial">An idle session.</param>
/// <param name="transport">The way to scheduler and worker.</param>
/// <param name="loadFront">Loads what a plan puts on the device; runs beside the mailbox. The front is disposed with the session.</param>
/// <param name="publish">Told what happens, in order, within the actor's turns: must be quick.</param>
public sealed class EdgeActor(EdgeState initial, ITransport transport, Func<Plan, FrontEngine> loadFront, Action<SessionEvent> publish)
    : EdgeShell<FrontEngine>(initial, transport, publish)
{
    /// <summary>A session cannot be restarted: its cache is lost.</summary>
    protected override void PreRestart(Exception reason, object? message) =>
        Publish(new SessionEnded(EndReason.Failed, $"The session failed: {reason.Message}"));

    protected override void Receive(object message) => base.Receive(
        message is Failure failure
            ? new FrontFailed(failure.Cause is UserErrorException ? failure.Cause.Message : $"The device cannot compute: {failure.Cause.Message}")
            : message);

    protected override void Load(Plan plan) => Context.RunOffloaded(() => LoadOrSay(plan));

    protected override void Compute(FrontEngine front, EdgeEffect.ComputeFront work) => Context.RunOffloaded(() => front.Compute(work));

    protected override void Ship(FrontEngine source, FrontEngine? front, EdgeEffect.ShipKeysAndValues work) => Context.RunOffloaded(() => source.Ship(work, front));

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
