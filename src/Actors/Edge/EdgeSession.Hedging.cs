using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// What a session does when its worker is silent for longer than its own answer times explain, and yet not gone: it opens the next
/// epoch on an alternative and replays there, and
/// still takes the old epoch's answer if that comes first. Both give the same tokens; whichever answers first goes on, and the other is
/// closed.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>
        /// A reminder was not answered in the time that answers take: the worker is not slow, which it would have said, but cut off or
        /// frozen.
        /// </summary>
        private bool MayGoElsewhere => State.Phase switch
        {
            EdgePhase.Running => MayHedge && NextAlternative(spares: true) is not null,
            EdgePhase.Opening when State.Hedged is not null => NextAlternative(spares: true) is not null,
            EdgePhase.Opening => State.OwnChoiceCount < OwnChoicesMax && NextAlternative(spares: false) is not null,
            _ => false,
        };

        /// <summary>
        /// Nothing but an answer is missing, and the last hedge is long enough ago that hedges stay few among all that workers do.
        /// </summary>
        private bool MayHedge =>
            State is { Hedged: null, Relocation: null, IsComputing: false, IsWaiting: false, Plan.HasHedgePauseMs: true }
            && State.ComputedCount == State.Tokens.Count && State.HasUnacknowledged && now >= State.HedgeNotBefore && !IsSoonerAlone;

        /// <summary>
        /// A device with a deadline that goes on alone before a replay could be done: what the tokens so far took tells how long that
        /// is.
        /// </summary>
        private bool IsSoonerAlone
        {
            get
            {
                if (!Options.FallsBack || Options.Deadline is null || State.GeneratedCount == 0)
                    return false;
                var replay = (State.FirstTokenAt - State.StartedAt) * ((double)State.Tokens.Count / State.PromptCount);
                return replay > Options.FallbackAfter - (now - State.Frames[State.AckedCount].SentAt);
            }
        }

        /// <returns>Whether it did.</returns>
        private bool GoOnElsewhere()
        {
            if (!MayGoElsewhere)
                return false;
            if (State.Phase == EdgePhase.Opening)
                FailOver("it did not open the session", isGone: false);
            else
                Hedge();
            return true;
        }

        private void Hedge()
        {
            var next = NextAlternative(spares: true)!;
            State = State with
            {
                Hedged = new HedgedEpoch(State.Plan!, State.Epoch, State.Frames, State.SentCount, State.AckedCount)
                {
                    Attempts = State.Attempts,
                    Bill = State.Bill,
                    NotBefore = State.HedgeNotBefore,
                },
                HedgeNotBefore = now + TimeSpan.FromMilliseconds(State.Plan!.HedgePauseMs),
            };
            OpenHedge(next);
        }

        private void OpenHedge(Alternative next)
        {
            State = State with { Plan = At(State.Plan!, next), Bill = State.Bill with { HedgeCount = State.Bill.HedgeCount + 1 } };
            Open();
        }

        /// <summary>The silent worker may have answered, and its answer been lost: it says it again if it has one.</summary>
        private void AskAgain(HedgedEpoch hedged) => Send(hedged.Worker, new DecodeStep
        {
            SessionId = State.Session.Value,
            Epoch = hedged.Epoch,
            Position = (uint)hedged.SentEnd,
        });

        /// <summary>What the silent worker says of its own epoch; only what gets the session further counts.</summary>
        private void HandleFromHedged(HedgedEpoch hedged, Google.Protobuf.IMessage body)
        {
            if (body is not StepResult result || !hedged.Is(result.SessionId, result.Epoch, State.Session))
                return;
            if (result.NextPosition <= hedged.AckedEnd)
                return;
            Send(State.Worker, CloseSession());
            ReturnToHedged(hedged);
            Acknowledge(result);
        }

        /// <summary>
        /// The session goes on where it was hedged. A worker that was gone was worth the hedge: the next one need not wait.
        /// </summary>
        private void WinHedge(string reason, bool isGone)
        {
            var lost = State.Hedged!;
            if (!isGone)
                Send(lost.Worker, CloseSession(lost.Epoch));
            Publish(new WorkerReplaced(lost.Worker, reason));
            var revision = State.Revision + 1;
            State = State with
            {
                Hedged = null,
                HedgeNotBefore = isGone ? lost.NotBefore : State.HedgeNotBefore,
                LostWorker = lost.Worker,
                Revision = revision,
                Plan = OwnPlan(State.Plan!, revision),
                Bill = State.Bill with { HedgeWonCount = State.Bill.HedgeWonCount + 1 },
                IsOwnChoice = State.Phase == EdgePhase.Opening,
            };
            Publish(new SessionPlanned(State.Plan));
            if (!State.IsOwnChoice)
                TellOfMove();
        }

        /// <summary>The hedge was refused, or its worker is lost too: tries the next alternative, or waits on as before.</summary>
        private void FailHedge(bool isGone)
        {
            if (!isGone)
                Send(State.Worker, CloseSession());
            var hedged = State.Hedged!;
            hedged = hedged with { Plan = Without(hedged.Plan, State.Worker) };
            if (NextAlternative(spares: true) is { } next)
            {
                State = State with { Hedged = hedged, Bill = State.Bill with { HedgeLostCount = State.Bill.HedgeLostCount + 1 } };
                OpenHedge(next);
            }
            else
            {
                ReturnToHedged(hedged);
            }
        }

        /// <summary>As if it had not been hedged, but for what was sent.</summary>
        private void ReturnToHedged(HedgedEpoch hedged) => State = State.Unreminded() with
        {
            Phase = EdgePhase.Running,
            Hedged = null,
            Plan = hedged.Plan,
            Epoch = hedged.Epoch,
            Frames = hedged.Frames,
            SentCount = hedged.SentCount,
            AckedCount = hedged.AckedCount,
            Attempts = hedged.Attempts,
            Bill = hedged.Bill with
            {
                MessageBytes = State.Bill.MessageBytes,
                ResentCount = State.Bill.ResentCount,
                HedgeCount = State.Bill.HedgeCount,
                HedgeWonCount = State.Bill.HedgeWonCount,
                HedgeLostCount = State.Bill.HedgeLostCount + 1,
                HedgeRowCount = State.Bill.HedgeRowCount,
            },
        };

        /// <summary>The session ends, or goes on in another leg: neither answer is of use.</summary>
        private void CloseHedged()
        {
            if (State.Hedged is not { } hedged)
                return;
            Send(hedged.Worker, CloseSession(hedged.Epoch));
            State = State with { Hedged = null, Bill = State.Bill with { HedgeLostCount = State.Bill.HedgeLostCount + 1 } };
        }
    }
}
