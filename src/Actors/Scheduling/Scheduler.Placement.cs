using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;

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
            var id = new SessionId(request.SessionId);
            var placed = State.Sessions.GetValueOrDefault(id);
            if (placed is not null && placed.Edge != edge)
            {
                Reject(edge, request.SessionId, RejectReason.BadRequest, $"Session {id} belongs to another device.");
                return;
            }

            if (placed is null && State.Sessions.Count >= Options.SessionCountMax)
            {
                Reject(edge, request.SessionId, RejectReason.SessionLimit, $"The scheduler has {State.Sessions.Count} of {Options.SessionCountMax} sessions.", Options.RetryAfter);
                return;
            }

            State = State with { Sessions = State.Sessions.Remove(id) };
            Suspect(request.LostWorker);
            var isNew = placed is null && request.LostWorker.Length == 0;
            var session = new PlacedSession(edge, Worker: "", Link: null)
            {
                TokenCountMax = request.TokenCountMax,
                Request = DeadlineOf(request, placed),
            };
            var (worker, refusal) = Options.Plan.Mode == ExecutionMode.Device
                ? ("", isNew ? CheckDeadlines(session.Request, worker: "", sessionCount: 1) : null)
                : Choose(session, request.LostWorker, placed?.Worker, isNew);
            if (refusal is not null)
            {
                var mayRetry = refusal.Reason != RejectReason.Deadline || session.Request is null;
                Reject(edge, request.SessionId, refusal.Reason, refusal.Detail, mayRetry ? Options.RetryAfter : default);
                return;
            }

            Place(id, session with { Worker = worker });
        }

        private void Place(SessionId id, PlacedSession session)
        {
            State = State with { Sessions = State.Sessions.SetItem(id, session) };
            if (session.Request is { } request)
                State = State with { Sessions = State.Sessions.SetItem(id, session with { Promise = PromiseFor(request, session.Worker, SessionCountOf(session.Worker)) }) };
            _effects.Add(new SchedulerEffect.Watch(session.Edge));
            Send(session.Edge, new Plan
            {
                SessionId = id.Value,
                Mode = Options.Plan.Mode,
                SplitLayer = (uint)Options.Plan.SplitLayer,
                Worker = session.Worker,
                Compression = Options.Plan.Compression.ToMessage(),
                Deadline = State.Sessions[id].Promise,
            });
            RenewPromises(session.Worker);
        }

        /// <summary>What was learnt of the device and its link stays known when it asks again.</summary>
        private static DeadlineRequest? DeadlineOf(PlanRequest request, PlacedSession? placed) => request.DeadlineUs == 0
            ? null
            : new DeadlineRequest(
                request.DeadlineUs,
                Math.Max(request.DeviceUs, placed?.Request?.DeviceUs ?? 0),
                request.LinkUsWorst > 0 ? request.LinkUsWorst : placed?.Request?.LinkUs ?? 0);

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
        private (string Worker, Refusal? Refusal) Choose(PlacedSession session, string lostWorker, string? placedWorker, bool isNew)
        {
            var loads = State.Sessions.Values.GroupBy(placed => placed.Worker, StringComparer.Ordinal).ToDictionary(
                group => group.Key, group => (SessionCount: group.Count(), TokenCount: group.Sum(placed => placed.TokenCountMax)), StringComparer.Ordinal);
            var candidates = State.Workers
                .Where(worker => IsServing(worker.Value))
                .Select(worker => (Address: worker.Key, Worker: worker.Value, Load: loads.GetValueOrDefault(worker.Key)))
                .Where(worker => worker.Load.SessionCount < worker.Worker.SessionCountMax && worker.Worker.Fits(worker.Load.TokenCount, session.TokenCountMax))
                .OrderBy(worker => worker.Address == lostWorker)
                .ThenBy(worker => worker.Worker.IsSuspect)
                .ThenBy(worker => worker.Address != placedWorker)
                .ThenBy(worker => worker.Worker.StepUs(worker.Load.SessionCount + 1))
                .ThenBy(worker => worker.Load.SessionCount);
            Refusal? firstRefusal = null;
            foreach (var (address, _, load) in candidates)
            {
                if (!isNew || CheckDeadlines(session.Request, address, load.SessionCount + 1) is not { } refusal)
                    return (address, null);
                firstRefusal ??= refusal;
            }

            return ("", firstRefusal ?? LackOfMemory(session.TokenCountMax) ?? new Refusal(RejectReason.NoWorker, LackOfWorkers()));
        }

        private bool IsServing(RegisteredWorker worker) =>
            worker.Layers == new LayerRange(Options.Plan.SplitLayer, Options.LayerCount) && now - worker.SeenAt <= Options.WorkerSilenceMax;

        /// <summary>Null unless a worker would serve the session if others were not there.</summary>
        private Refusal? LackOfMemory(long tokenCountMax)
        {
            foreach (var (address, worker) in State.Workers)
            {
                var placed = State.Sessions.Values.Where(session => session.Worker == address).Sum(session => session.TokenCountMax);
                if (!IsServing(worker) || worker.Fits(placed, tokenCountMax))
                    continue;
                return new Refusal(
                    RejectReason.Memory,
                    $"The session's {tokenCountMax} tokens do not fit beside the {placed} of other sessions on {address}, which holds {worker.TokenCountMax}.");
            }

            return null;
        }

        private string LackOfWorkers()
        {
            var held = State.Workers.Values.CountBy(worker => worker.Layers).Select(layers => $"{layers.Value} with {layers.Key}").Take(DescribedRangesMax);
            var known = State.Workers.IsEmpty ? "none" : string.Join(", ", held);
            return $"No worker with layers {Options.Plan.SplitLayer + 1}–{Options.LayerCount} is free; said hello: {known}. Start one, or try later.";
        }
    }
}
