using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>
/// The worker's side of all its sessions as a pure function: steps arrive, wait, run in batches, and are answered. A repeat of the
/// last step gets its stored result, a gap a <see cref="Nack"/>, anything else that cannot be served a <see cref="Rejected"/>.
/// </summary>
public static partial class BackendWorker
{
    /// <param name="state">The worker before the message.</param>
    /// <param name="message">An event of the worker, or a message of the transport; others change nothing.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public static (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now)
    {
        var turn = new Turn(state, now);
        turn.Handle(message);
        turn.StartBatch();
        turn.LeaveIfDone();
        return (turn.State, turn.Effects);
    }

    /// <summary>One step in progress: the state so far and the effects collected.</summary>
    private sealed partial class Turn(WorkerState before, TimeSpan now)
    {
        private readonly ImmutableArray<WorkerEffect>.Builder _effects = ImmutableArray.CreateBuilder<WorkerEffect>();

        public WorkerState State { get; private set; } = before;

        public ImmutableArray<WorkerEffect> Effects => _effects.DrainToImmutable();

        private WorkerOptions Options => State.Options;

        public void Handle(object message)
        {
            if (message is Received claim && Peer.Of(claim.From).FindFault(claim.Body) is { } fault)
            {
                Reject(claim.From, session: null, epoch: 0, fault);
                return;
            }

            switch (message)
            {
                case StatusDue: Report(); break;
                case LeaveCluster: BeginToLeave(); break;
                case BatchComputed computed: Answer(computed); break;
                case PeerLost lost: Forget(lost.Address); break;
                case Received { Body: OpenSession open } received: Open(received.From, open); break;
                case Received { Body: DecodeStep step } received: Accept(received.From, step); break;
                case Received { Body: CloseSession close } received: Close(received.From, close); break;
                case Received received when received.From == Options.Scheduler: HandleFromScheduler(received.Body); break;
            }
        }

        private void Reject(string to, ulong? session, uint epoch, Refusal refusal)
        {
            var rejected = new Rejected { Epoch = epoch, Reason = refusal.Reason, Detail = refusal.Detail };
            if (session is { } id)
                rejected.SessionId = id;
            if (refusal.Reason is RejectReason.SessionLimit or RejectReason.QueueFull or RejectReason.Memory)
                rejected.RetryAfterMs = (uint)Options.RetryAfter.TotalMilliseconds;
            Send(to, rejected);
        }

        private void Send(string to, IMessage body) => _effects.Add(new WorkerEffect.Send(to, body));

        private bool IsCurrent(QueuedStep queued) => State.Sessions.TryGetValue(queued.Session, out var session) && session.Opening == queued.Opening;
    }
}
