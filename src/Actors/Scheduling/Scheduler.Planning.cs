using System.Globalization;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Actors.Scheduling;

/// <summary>
/// Plans that are made for a device, by what it said of itself and what is known of link and load; and made anew when that has changed so much that the
/// session would be faster elsewhere, or does not keep its limits where it is.
/// </summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private const double MicrosecondsPerSecond = 1e6;
        private const double OfferGain = 0.95; // smaller changes of a worker are left to devices' own reports
        private const int WeighedWorkersMax = 8; // the fastest of them all; planning takes tens of microseconds for each

        /// <summary>A choice, and the worker for it; "" for the device alone.</summary>
        private readonly record struct Option(Candidate Candidate, string Worker, string Reason);

        /// <summary>The plan that keeps the deadline; else one that keeps what the scheduler may promise instead; else with fewer tokens, if memory lacks.</summary>
        private (PlacedSession Session, Refusal? Refusal) PlanNew(SessionKey id, PlacedSession session, string lostWorker)
        {
            if (session.Needs is not { } needs)
                return (session, new Refusal(RejectReason.BadRequest, "The device does not say what it can do, so that nothing can be planned for it.") { IsFinal = true });
            var asked = session.Request?.AskedUs / MicrosecondsPerSecond ?? double.PositiveInfinity;
            var (best, nearest) = Best(id, session, lostWorker, asked);
            if (best is null && session.Request is not null)
                (best, nearest) = Best(id, session, lostWorker, Options.DegradationMax * asked);
            if (best is { } option)
                return (With(session, option, option.Reason), null);
            var lacksMemoryAlone = nearest?.SmallestChange is [{ Constraint: Constraint.Memory }];
            if (lacksMemoryAlone && Shortened(id, session, lostWorker, Options.DegradationMax * asked) is { } shorter)
                return (shorter, null);
            if (IsFull(id, session))
                return (session, LackOfRoom(id, session with { Plan = null }) ?? new Refusal(RejectReason.NoWorker, "All workers have as many sessions as they take. Try later, or start one."));
            var isLate = nearest?.SmallestChange.Any(change => change.Constraint == Constraint.Deadline) == true;
            var detail = nearest?.Reason ?? "No worker is free, and the device alone is not enough.";
            return (session, State.Workers.IsEmpty && needs.MemoryBytesMax < long.MaxValue
                ? new Refusal(RejectReason.NoWorker, $"No worker has said hello, and the device alone is not enough: {detail}")
                : new Refusal(isLate ? RejectReason.Deadline : RejectReason.NoPlan, detail) { IsFinal = true });
        }

        /// <summary>Whether there are workers, and none has room for the session.</summary>
        private bool IsFull(SessionKey id, PlacedSession session)
        {
            var live = State.Workers.Where(worker => IsLive(worker.Value) && !worker.Value.IsLeaving).ToList();
            return live.Count > 0 && !live.Exists(worker => HasRoom(worker.Key, worker.Value, id, session with { Plan = null }));
        }

        /// <summary>Over the least loaded workers, its own first, and the device alone. If there is none: what one of them lacks.</summary>
        private (Option? Best, Inference.Planning.Selection.Plan? Nearest) Best(SessionKey id, PlacedSession session, string lostWorker, double deadlineSeconds)
        {
            Option? best = null;
            Inference.Planning.Selection.Plan? nearest = null;
            var weighedCount = 0;
            foreach (var (address, worker) in ByLoad(id, session with { Plan = null }, lostWorker, placedWorker: session.Worker))
            {
                if (weighedCount == WeighedWorkersMax)
                    break;
                if (!HasRoom(address, worker, id, session with { Plan = null }))
                    continue;
                weighedCount++;
                var plan = Decide(id, session, address, deadlineSeconds);
                if (plan.Choice is not { } candidate)
                    nearest = Nearer(nearest, plan);
                else if (candidate.Choice.SplitLayer == Options.LayerCount)
                    best = Better(best, new Option(candidate, "", plan.Reason));
                else if (KeepsPromises(id, address, LoadWith(address, id, With(session, new Option(candidate, address, ""), ""))))
                    best = Better(best, new Option(candidate, address, plan.Reason));
            }

            if (best is not null || nearest is not null)
                return (best, nearest);
            var alone = Decide(id, session, worker: "", deadlineSeconds);
            return alone.Choice is { } device ? (new Option(device, "", alone.Reason), null) : (null, alone);
        }

        private static Option Better(Option? known, Option other) =>
            known is { } option && option.Candidate.Token.Seconds <= other.Candidate.Token.Seconds ? option : other;

        private static Inference.Planning.Selection.Plan Nearer(Inference.Planning.Selection.Plan? known, Inference.Planning.Selection.Plan other) =>
            known is null || known.SmallestChange.Count == 0 || (other.SmallestChange.Count > 0 && other.SmallestChange.Count < known.SmallestChange.Count) ? other : known;

        private Inference.Planning.Selection.Plan Decide(SessionKey id, PlacedSession session, string worker, double deadlineSeconds)
        {
            var known = State.Workers.GetValueOrDefault(worker);
            var situation = known?.Speed.SituationFor(LoadWith(worker, id, session), known.QueuedRows);
            return Options.Planner!.Decide(session.Needs!, situation, known?.Layers.First ?? 0, deadlineSeconds);
        }

        private PlacedSession With(PlacedSession session, Option option, string reason)
        {
            var worst = option.Candidate.TokenWorst;
            return session with
            {
                Plan = Options.Planner!.PlanOf(option.Candidate.Choice),
                Worker = option.Worker,
                Expected = option.Candidate,
                Reason = reason,
                Request = session.Request is { } request
                    ? request with { DeviceUs = Us(worst.Device), LinkUs = option.Worker.Length > 0 ? Us(worst.Uplink + worst.Downlink) : request.LinkUs }
                    : null,
            };
        }

        /// <summary>As many tokens as the device has room for: memory grows with them.</summary>
        private PlacedSession? Shortened(SessionKey id, PlacedSession session, string lostWorker, double deadlineSeconds)
        {
            PlacedSession? found = null;
            var (low, high) = (session.Needs!.PromptCount + 1, session.Needs.TokenCountMax - 1);
            while (low <= high)
            {
                var count = low + ((high - low) / 2);
                var shorter = session with { TokenCountMax = count, IsShortened = true, Needs = session.Needs with { TokenCountMax = count } };
                if (Best(id, shorter, lostWorker, deadlineSeconds).Best is { } option)
                {
                    found = With(shorter, option, $"{option.Reason} The device's memory has room for {count} of {session.Needs.TokenCountMax} tokens.");
                    low = count + 1;
                }
                else
                {
                    high = count - 1;
                }
            }

            return found;
        }

        private void PlanAnew(string worker)
        {
            foreach (var id in State.SessionsOn(worker).All)
                PlanAnew(id);
        }

        /// <summary>Whether one more session would do clearly better on a worker than when those of devices alone were last weighed.</summary>
        private bool OffersMore(string address)
        {
            var (worker, sessions) = (State.Workers[address], State.SessionsOn(address));
            var isOpen = !worker.IsLeaving && sessions.Count < worker.SessionCountMax;
            var load = sessions.LoadWith(new SessionLoad(Options.LayerCount, TokenCountMax: 1, WorkerUsLeft: null));
            var queuedRows = (int)Math.Min(worker.QueuedRows, int.MaxValue);
            var queueUs = queuedRows > 0 ? worker.Speed.BatchUs(queuedRows, 1, 1) : 0;
            var offeredUs = isOpen ? worker.Speed.StepUsWorst(load) + queueUs : double.PositiveInfinity;
            var isMore = offeredUs < OfferGain * worker.OfferedUs;
            if (isMore || offeredUs > worker.OfferedUs)
                State = State with { Workers = State.Workers.SetItem(address, worker with { OfferedUs = offeredUs }) };
            return isMore;
        }

        /// <summary>Moves a session that would be much faster elsewhere, or that breaks a limit where it is and would not elsewhere.</summary>
        private void PlanAnew(SessionKey id)
        {
            if (State.Sessions.GetValueOrDefault(id) is not { Needs: not null, Plan: { } plan } session || now - session.WeighedAt < Options.PlanPause)
                return;
            session = session with { WeighedAt = now };
            State = State.With(id, session);
            var asked = session.Request?.AskedUs / MicrosecondsPerSecond ?? double.PositiveInfinity;
            if (Best(id, session, lostWorker: "", asked).Best is not { } best)
                return;
            var here = best.Worker == session.Worker && IsOf(best.Candidate, plan)
                ? best.Candidate
                : Decide(id, session, session.Worker, asked).Candidates.FirstOrDefault(candidate => IsOf(candidate, plan));
            if (session.Expected is null && here is not null)
                State = State.With(id, session = session with { Expected = here });
            if (ReferenceEquals(here, best.Candidate))
                return;
            var isBetter = here is null || !here.IsFeasible || best.Candidate.Token.Seconds <= Options.MoveGain * here.Token.Seconds;
            if (!isBetter)
                return;
            Place(id, With(session, best, ReasonToMove(here, best.Candidate)));
            RenewPromises(session.Worker);
        }

        private static bool IsOf(Candidate candidate, FixedPlan plan) =>
            candidate.Choice.SplitLayer == plan.SplitLayer && (plan.Front is not { } front || front == (candidate.Choice.FrontWeights, candidate.Choice.FrontKv));

        private static string ReasonToMove(Candidate? here, Candidate there)
        {
            var better = string.Create(CultureInfo.InvariantCulture, $"{there.Token.Seconds * 1e3:0.0} ms with {there.Choice.SplitLayer}");
            if (here is null)
                return $"its worker does not serve it any more; a token is expected to take {better} layers on the device";
            return here.IsFeasible
                ? string.Create(CultureInfo.InvariantCulture, $"a token is expected to take {here.Token.Seconds * 1e3:0.0} ms with {here.Choice.SplitLayer} layers on the device, {better}")
                : $"with {here.Choice.SplitLayer} layers on the device it lacks {string.Join(", ", here.Shortfalls)}; a token is expected to take {better}";
        }

        /// <summary>0 where the device has no layers, or nothing is expected.</summary>
        private static double PredictedDeviceUs(PlacedSession session) =>
            session.Expected is { Choice.SplitLayer: > 0 } expected ? expected.Token.Device * MicrosecondsPerSecond : 0;

        private static long Us(double seconds) => WireTime.ToMicroseconds(seconds) ?? 0;
    }
}
