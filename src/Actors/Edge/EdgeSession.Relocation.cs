using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// How a session goes on in another leg. Nothing is lost between two tokens: the new leg begins with an empty cache and without frames,
/// and all tokens so far go through its front again; its frames rebuild the worker's cache. Draws depend on seed and position alone.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>A plan that nobody asked for: it counts if it is newer than what is known, and makes sense.</summary>
        private void Replan(Plan plan)
        {
            if (plan.Revision <= State.Revision || FindFault(plan) is not null)
                return;
            State = State with { Revision = plan.Revision };
            if (State.Hedged is { } hedged && plan.Worker == hedged.Worker && IsSameLeg(plan, hedged.Plan))
            {
                State = State with { Hedged = hedged with { Plan = plan } };
                Adopt(plan.Deadline);
                return;
            }

            if (State.Handoff is not null && plan.Mode == ExecutionMode.Handoff)
            {
                KeepHandoff(AfterHandoff(plan));
                Adopt(plan.Deadline);
                return;
            }

            plan = AfterHandoff(plan);
            Relocate(new Relocation(plan, ReasonOf(plan)));
        }

        /// <summary>
        /// Of a plan that comes while the device waits to ask again: it makes sense, is not of an earlier time, and does not send it where it
        /// just failed.
        /// </summary>
        private bool IsSound(Plan plan) =>
            FindFault(plan) is null && plan.Revision >= State.Revision && (State.LostWorker.Length == 0 || plan.Worker != State.LostWorker);

        private string ReasonOf(Plan plan) =>
            plan.Reason.Length > 0 ? plan.Reason : State.IsAlone ? "the scheduler answers again" : "the scheduler planned anew";

        private void Relocate(Relocation wish)
        {
            if (State.Relocation is { IsReady: false } loading)
                State = State with { Relocation = loading with { Later = wish } };
            else
                Begin(wish);
        }

        private void Begin(Relocation wish)
        {
            if (State.Relocation is { IsReady: true } ready)
                Drop(ready);
            var isAtHome = State.Phase is EdgePhase.Opening or EdgePhase.Running;
            var isReady = IsSameLeg(wish.Plan, State.Plan!);
            if (isAtHome && isReady && wish.Plan.Worker == State.Worker)
            {
                State = State with { Plan = wish.Plan };
                Adopt(wish.Plan.Deadline);
                return;
            }

            State = State with { Relocation = wish with { IsReady = isReady } };
            if (!isReady)
                _effects.Add(new EdgeEffect.PrepareFront(wish.Plan));
        }

        /// <summary>Forgets a wish of which the front, if it needs one, is loaded.</summary>
        private void Drop(Relocation ready)
        {
            State = State with { Relocation = null };
            if (!IsSameLeg(ready.Plan, State.Plan!))
                _effects.Add(new EdgeEffect.DropPrepared());
        }

        private void KeepReady()
        {
            if (State.Relocation is not { IsReady: false } loaded)
                return;
            if (loaded.IsFirst)
            {
                BeginFirst(loaded);
                return;
            }

            State = State with { Relocation = loaded with { IsReady = true, Later = null } };
            if (loaded.Later is not { } later)
                return;
            if (IsSameLeg(later.Plan, loaded.Plan))
                State = State with { Relocation = later with { IsReady = true } };
            else
                Begin(later);
        }

        /// <summary>Puts what the plan needs on the device, before the first token.</summary>
        private void PrepareFirst(Plan plan, bool isFallback = false, bool isPublished = false)
        {
            State = State with { Phase = EdgePhase.Preparing, Plan = plan, Deadline = plan.Deadline, IsAlone = isFallback };
            State = State with { Relocation = new Relocation(plan, "") { IsFirst = true, IsFallback = isFallback } };
            if (!isPublished)
                Publish(new SessionPlanned(plan));
            _effects.Add(new EdgeEffect.PrepareFront(plan));
        }

        private void BeginFirst(Relocation loaded)
        {
            State = State with { Relocation = null };
            _effects.Add(new EdgeEffect.SwitchFront());
            var isWorkerReplaced = loaded.Later is { } newer && IsSameLeg(newer.Plan, State.Plan!);
            if (isWorkerReplaced)
                State = State with { Plan = loaded.Later!.Plan };
            Open();
            if (loaded.Later is { } later && !isWorkerReplaced)
                Begin(later);
        }

        private void AbandonMove(string detail)
        {
            if (State.Relocation is not { IsReady: false } failed)
                return;
            State = State with { Relocation = null };
            if (failed.Later is { } later && !failed.IsFirst)
                Begin(later);
            else if (State.Phase is EdgePhase.Opening or EdgePhase.Running)
                Stay(failed.Plan, detail);
            else if (failed.IsFirst || failed.IsFallback)
                End(EndReason.Failed, detail);
            else
                PlanForOldLeg(failed.Plan, detail);
        }

        /// <summary>The old leg has lost its worker meanwhile, and goes on with another.</summary>
        private void PlanForOldLeg(Plan abandoned, string detail)
        {
            Publish(new MoveAbandoned(abandoned, detail));
            if (State.Phase == EdgePhase.Planning && State.IsWaiting)
                return; // asks when that is over
            if (State.Phase == EdgePhase.Planning)
                Send(Options.Scheduler, PlanRequest());
            else if (MayAskForAnother(detail))
                AskForAnother();
        }

        private void Stay(Plan abandoned, string detail)
        {
            Publish(new MoveAbandoned(abandoned, detail));
            if (State.IsAlone)
                Probe();
        }

        /// <summary>Moves between two tokens, or at once where the old leg cannot give another.</summary>
        public void MoveIfReady()
        {
            var isJustOpened = State.Epoch != _before.Epoch;
            if (State.Relocation is { IsReady: true } ready && !State.IsComputing && IsBetweenTokens && !isJustOpened)
                Move(ready);
        }

        private bool IsBetweenTokens => State.Phase switch
        {
            EdgePhase.Running => State.Plan!.Mode == ExecutionMode.Device || State.ComputedCount < State.Tokens.Count || State.IsWaiting,
            EdgePhase.Planning or EdgePhase.Preparing or EdgePhase.Opening => true,
            _ => false,
        };

        private void Move(Relocation target)
        {
            var from = State.Plan!;
            if (from.Worker.Length > 0 && State.Phase is EdgePhase.Opening or EdgePhase.Running)
                Send(from.Worker, CloseSession());
            CloseHedged();
            State = State with
            {
                Relocation = null,
                IsOwnChoice = false,
                Plan = target.Plan,
                Deadline = target.Plan.Deadline,
                IsAlone = target.IsFallback,
                Handoff = null,
                Move = new MoveInProgress(State.Move?.From ?? from, target.Why, State.GeneratedCount, target.Shipment),
                SentCount = 0,
                AckedCount = 0,
                Attempts = 0,
                NackedPosition = -1,
                IsWaiting = false,
                RefusedSince = null,
            };
            if (!IsSameLeg(target.Plan, from) || target.Rebuilds)
                BeginLeg(target, from);

            Publish(new SessionPlanned(target.Plan));
            Open();
        }

        /// <summary>With empty caches and without frames; keys and values that a device ships stay where they are until they are shipped.</summary>
        private void BeginLeg(Relocation target, Plan from)
        {
            var ships = target.Shipment is KvShipment.Exact or KvShipment.Compressed && from.Mode == ExecutionMode.Device;
            State = State with { Frames = [], ComputedCount = 0, ShippedEnd = ships ? State.ComputedCount : 0, Shipment = target.Shipment };
            _effects.Add(target.Rebuilds ? new EdgeEffect.DropSource() : new EdgeEffect.SwitchFront(KeepsSource: ships));
        }

        /// <summary>Frames made under one plan can be replayed under the other.</summary>
        private static bool IsSameLeg(Plan plan, Plan other) =>
            plan.Mode == other.Mode && plan.SplitLayer == other.SplitLayer && Equals(plan.Compression, other.Compression) && Equals(plan.Front, other.Front);

        private void PublishMove(TokenBill bill)
        {
            if (State.Move is { } move)
            {
                Publish(new SessionMoved(move.From, State.Plan!, move.AtToken, move.Why, bill.ElapsedUs, bill.MessageBytes)
                {
                    Exit = move.Shipment is { } shipment ? new HandoffExit(move.AtToken, (int)State.Plan!.SplitLayer, shipment, bill.KvBytes) : null,
                });
            }

            State = State with { Move = null };
        }
    }
}
