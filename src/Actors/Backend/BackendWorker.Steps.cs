using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>Steps arrive: the next one of its session waits for a batch, a repeat gets what is known, a gap a <see cref="Nack"/>.</summary>
public static partial class BackendWorker
{
    private sealed partial class Turn
    {
        private void Accept(string edge, DecodeStep step)
        {
            var id = SessionKey.Of(edge, step.SessionId);
            var session = State.Sessions.GetValueOrDefault(id);
            if (session is not null && session.Edge != edge)
            {
                Reject(edge, step.SessionId, step.Epoch, BelongsToAnother(id));
                return;
            }

            if (session is null || step.Epoch > session.Epoch)
            {
                Reject(edge, step.SessionId, step.Epoch, new Refusal(RejectReason.UnknownSession, $"Session {id} is not open here; open it again."));
                return;
            }

            if (step.Epoch < session.Epoch)
                return;
            var acceptedCount = session.AcceptedCount;
            if (step.Position < acceptedCount || (step.Position == acceptedCount && IsQuestion(step)))
                Repeat(edge, session, step);
            else if (step.Position > acceptedCount)
                SendExpected(edge, step, session);
            else if (Admission.Check(step, session, State) is { } refusal)
                Reject(edge, step.SessionId, step.Epoch, refusal);
            else
                acceptedCount = Queue(new QueuedStep(id, step, now, session.Opening));
            var turnTime = acceptedCount > session.AcceptedCount && session is { UnansweredRows: 0, LastResult: not null } ? now - session.AnsweredAt : session.TurnTime;
            State = State with { Sessions = State.Sessions.SetItem(id, session with { AcceptedCount = acceptedCount, SeenAt = now, TurnTime = turnTime }) };
        }

        /// <summary>What of all before its position is here; answered like a repeat of the step that ends there, which may weigh more.</summary>
        private static bool IsQuestion(DecodeStep step) =>
            step is { Position: > 0, TokenCount: 0, ContentCase: DecodeStep.ContentOneofCase.None };

        /// <returns>Where the session's next step begins.</returns>
        private int Queue(QueuedStep queued)
        {
            State = State.WithWaiting(queued);
            return (int)(queued.Step.Position + queued.Step.TokenCount);
        }

        /// <summary>A repeat of an answered step gets the last answer; for one that still waits its device learns that nothing is missing.</summary>
        private void Repeat(string edge, WorkerSession session, DecodeStep step)
        {
            var end = (long)step.Position + step.TokenCount;
            if (end > session.AcceptedCount)
                Reject(edge, step.SessionId, step.Epoch, new Refusal(RejectReason.BadRequest, $"The step covers tokens {step.Position}–{end - 1}; {session.AcceptedCount} are here in other steps."));
            else if (session.LastResult is { } result && end <= result.NextPosition)
                Send(edge, result);
            else
                SendExpected(edge, step, session);
        }

        private void SendExpected(string edge, DecodeStep step, WorkerSession session) =>
            Send(edge, new Nack
            {
                SessionId = step.SessionId,
                Epoch = step.Epoch,
                ExpectedPosition = (uint)session.AcceptedCount,
                Position = step.Position,
            });
    }
}
