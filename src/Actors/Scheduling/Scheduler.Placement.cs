using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>Which worker a session gets.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        /// <summary>Most kinds of workers that an answer to a person lists.</summary>
        private const int DescribedRangesMax = 8;

        private void Place(string edge, PlanRequest request)
        {
            var id = SessionKey.Of(edge, request.SessionId);
            var placed = State.Sessions.GetValueOrDefault(id);
            if (placed is not null && placed.Edge != edge)
            {
                RejectOfAnother(edge, id);
                return;
            }

            if (FindFault(id, request, isNew: placed is null) is { } fault)
            {
                Reject(edge, request.SessionId, fault.Reason, fault.Detail, fault.IsFinal ? null : Options.RetryAfter);
                return;
            }

            State = State.Without(id);
            if (placed is not null && placed.Worker == request.LostWorker)
                Suspect(request.LostWorker);
            var running = placed is null || request.Revision >= placed.Revision ? RunningSession.Of(request.Current, Options.LayerCount) : null;
            var session = Asking(edge, request, placed, running);
            if (running is not null && (request.LostWorker.Length == 0 || request.HasMoved) && CanStay(id, session, running))
            {
                Keep(id, session, running.Worker);
                return;
            }

            var isNew = placed is null && running is null && request.LostWorker.Length == 0;
            var (found, refusal) = Options.Plan is null && session.Plan is null ? PlanNew(id, session, request.LostWorker) : Stay(id, session, request.LostWorker, placed?.Worker, isNew);
            if (refusal is not null && session is { Needs: not null, Plan: not null })
                (found, refusal) = PlanNew(id, session with { Plan = null }, request.LostWorker);
            if (refusal is not null)
            {
                Reject(edge, request.SessionId, refusal.Reason, refusal.Detail, refusal.IsFinal ? null : Options.RetryAfter);
                return;
            }

            Place(id, found);
        }

        /// <summary>Of what the scheduler knew, what the device says and it did not; where it runs counts, as its frames can only be replayed there.</summary>
        private PlacedSession Asking(string edge, PlanRequest request, PlacedSession? placed, RunningSession? running)
        {
            var session = (placed ?? new PlacedSession(edge, Worker: "")) with
            {
                Worker = "",
                HeardAt = now,
                TokenCountMax = placed?.TokenCountMax ?? request.TokenCountMax,
                Request = DeadlineOf(request, placed),
                Needs = placed?.Needs ?? (Options.Plan is null ? SessionNeeds.Of(request) : null),
                Reason = "",
                Revision = Math.Max(placed?.Revision ?? 0, Math.Max(request.Revision, running?.Revision ?? 0)),
            };
            if (running is null || (placed is not null && State.PlanOf(placed) == running.Plan))
                return session;
            session = session with { Plan = running.Plan, Expected = null };
            if (running.TokenCountMax is not { } shorter || shorter <= request.PromptCount || shorter >= session.TokenCountMax)
                return session;
            var needs = session.Needs is { } known ? known with { TokenCountMax = (int)shorter } : null;
            return session with { TokenCountMax = shorter, IsShortened = true, Needs = needs };
        }

        /// <summary>
        /// A worker that has not said hello may be about to: this scheduler may be the younger one. That a session runs somewhere is its
        /// device's word alone, and gets it no more there than a device may have.
        /// </summary>
        private bool CanStay(SessionKey id, PlacedSession session, RunningSession running) =>
            running.Worker.Length == 0 || !State.Workers.TryGetValue(running.Worker, out var worker)
            || (IsServing(worker, running.Plan) && worker.DeviceLimit.HoldsWith(HeldThere(id, running.Worker), session.TokenCountMax));

        /// <summary>Leaves a session where it runs already. It is not weighed against other places before its worker has had the time to say hello.</summary>
        private void Keep(SessionKey id, PlacedSession session, string worker)
        {
            Place(id, session with { Worker = worker });
            if (worker.Length > 0 && !State.Workers.ContainsKey(worker))
                State = State.With(id, State.Sessions[id] with { WeighedAt = now + Options.WorkerSilenceMax });
        }

        /// <summary>A worker for the plan that the session has, so that its frames can be replayed.</summary>
        private (PlacedSession Session, Refusal? Refusal) Stay(SessionKey id, PlacedSession session, string lostWorker, string? placedWorker, bool isNew)
        {
            var (worker, refusal) = State.PlanOf(session).Mode == ExecutionMode.Device
                ? ("", isNew ? CheckDeadlines(id, session.Request, worker: "", default) : null)
                : Choose(id, session, lostWorker, placedWorker, isNew);
            return (session with { Worker = worker }, refusal);
        }

        private void Place(SessionKey id, PlacedSession session)
        {
            session = session with { Revision = session.Revision + 1, WeighedAt = now, Alternatives = AlternativesFor(id, session) };
            State = State.With(id, session);
            if (session.Request is { } request)
                State = State.With(id, session with { Promise = PromiseFor(request, session.Worker, LoadOn(session.Worker)) });
            _effects.Add(new SchedulerEffect.Watch(session.Edge));
            Send(session.Edge, PlanFor(id));
            RenewPromises(session.Worker);
        }

        /// <summary>What was learnt of the device and its link stays known when it asks again.</summary>
        private static DeadlineRequest? DeadlineOf(PlanRequest request, PlacedSession? placed) => request.HasDeadlineUs
            ? new DeadlineRequest(
                request.DeadlineUs,
                Math.Max(request.DeviceUs, placed?.Request?.DeviceUs ?? 0),
                request.HasLinkUsWorst ? request.LinkUsWorst : placed?.Request?.LinkUs ?? 0)
            : null;

        /// <summary>A worker that died has no sessions, and would look like the best one until its silence is noticed.</summary>
        private void Suspect(string address)
        {
            if (State.Workers.TryGetValue(address, out var worker))
                State = State with { Workers = State.Workers.SetItem(address, worker with { LostAt = now }) };
        }

        /// <summary>
        /// The least loaded worker with the planned layers and room for the session's tokens; one that a device lost only if there is no other. A repeated
        /// request gets the worker of the first, on whose answer the device may have acted already. A new session goes only where deadlines are kept; one that runs is
        /// never stopped for the sake of a deadline.
        /// </summary>
        private (string Worker, Refusal? Refusal) Choose(SessionKey id, PlacedSession session, string lostWorker, string? placedWorker, bool isNew)
        {
            var candidates = ByLoad(id, session, lostWorker, placedWorker).Where(worker => IsServing(worker.Worker, State.PlanOf(session)) && HasRoom(worker.Address, worker.Worker, id, session));
            Refusal? firstRefusal = null;
            foreach (var (address, _) in candidates)
            {
                if (!isNew || CheckDeadlines(id, session.Request, address, LoadWith(address, id, session)) is not { } refusal)
                    return (address, null);
                firstRefusal ??= refusal;
            }

            return ("", firstRefusal ?? LackOfRoom(id, session) ?? new Refusal(RejectReason.NoWorker, LackOfWorkers(State.PlanOf(session))));
        }

        /// <summary>Live workers, the least loaded first; what a device lost, or another did, comes last.</summary>
        private IEnumerable<(string Address, RegisteredWorker Worker)> ByLoad(SessionKey id, PlacedSession session, string lostWorker, string? placedWorker) => State.Workers
            .Where(worker => IsLive(worker.Value) && !worker.Value.IsLeaving)
            .Select(worker => (Address: worker.Key, Worker: worker.Value, Count: Others(worker.Key, but: id).Count))
            .OrderBy(worker => worker.Address == lostWorker)
            .ThenBy(worker => worker.Worker.IsSuspect)
            .ThenBy(worker => worker.Address != placedWorker)
            .ThenBy(worker => PredictedUs(worker.Worker, LoadWith(worker.Address, id, session)))
            .ThenBy(worker => worker.Count)
            .Select(worker => (worker.Address, worker.Worker));

        /// <summary>Of a token's step at worst, behind what waits already.</summary>
        private static double PredictedUs(RegisteredWorker worker, WorkerLoad load) =>
            worker.Speed.StepUsWorst(load) + worker.Speed.BatchUs((int)Math.Min(worker.QueuedRows, int.MaxValue), 1, 1);

        private bool IsLive(RegisteredWorker worker) => now - worker.SeenAt <= Options.WorkerSilenceMax;

        private static bool IsServing(RegisteredWorker worker, FixedPlan plan) =>
            worker.Layers.First <= plan.SplitLayer && plan.SplitLayer < worker.Layers.End;

        private string LackOfWorkers(FixedPlan plan)
        {
            var held = State.Workers.Values.CountBy(worker => worker.Layers).Select(layers => $"{layers.Value} with {layers.Key}").Take(DescribedRangesMax);
            var known = State.Workers.IsEmpty ? "none" : string.Join(", ", held);
            return $"No worker with layers {plan.SplitLayer + 1}–{Options.LayerCount} is free; said hello: {known}. Start one, or try later.";
        }
    }
}
