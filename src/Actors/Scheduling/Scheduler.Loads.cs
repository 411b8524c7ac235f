using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>What workers have to do, by the sessions that were sent to them.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private WorkerSessions Others(string worker, SessionKey but) =>
            State.Sessions.TryGetValue(but, out var placed) && placed.Worker == worker
                ? State.SessionsOn(worker).Remove(but, State.LoadOf(placed))
                : State.SessionsOn(worker);

        private WorkerLoad LoadOn(string worker) => State.SessionsOn(worker).Load;

        /// <summary>With a session that is to come, or is there already.</summary>
        private WorkerLoad LoadWith(string worker, SessionKey id, PlacedSession session) => Others(worker, but: id).LoadWith(State.LoadOf(session));

        /// <summary>Whether a worker has room for one more session of its device, and for all of its tokens.</summary>
        private bool HasRoom(string address, RegisteredWorker worker, SessionKey id, PlacedSession session) =>
            worker.HasRoomFor(id.Device, State.LoadOf(session), Others(address, but: id));
    }
}
