using System.Globalization;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>
/// Deadlines under load. A token's time at worst is the device's, the link's and the worker's together, the last growing with the sessions there. If that is
/// above what was asked for, the device is told so before it begins the token.
/// </summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private long WorkerUsWorst(string worker, WorkerLoad load) =>
            State.Workers.TryGetValue(worker, out var known)
                ? (long)Math.Min(Math.Ceiling(Options.WorkerMargin * known.Speed.StepUsWorst(load)), uint.MaxValue)
                : 0;

        /// <summary>What a session with this request can be promised on a worker that then has so much to do.</summary>
        private Deadline PromiseFor(DeadlineRequest request, string worker, WorkerLoad load)
        {
            var workerUs = WorkerUsWorst(worker, load);
            var totalUs = TotalUsWorst(request, worker, load);
            var promisedUs = totalUs <= request.AskedUs ? request.AskedUs : (long)Math.Min(totalUs * (1 + Options.PromiseHeadroom), uint.MaxValue);
            return new Deadline
            {
                PromisedUs = (uint)promisedUs,
                DeviceUs = (uint)Math.Max(0, promisedUs - workerUs),
                Detail = totalUs <= request.AskedUs ? "" : Describe(request, worker, load),
            };
        }

        private long TotalUsWorst(DeadlineRequest request, string worker, WorkerLoad load) =>
            worker.Length > 0 ? request.DeviceUs + request.LinkUs + WorkerUsWorst(worker, load) : request.DeviceUs;

        /// <summary>What makes up the time at worst.</summary>
        private string Describe(DeadlineRequest request, string worker, WorkerLoad load)
        {
            var total = Ms(TotalUsWorst(request, worker, load));
            return worker.Length > 0
                ? $"at worst {total} = device {Ms(request.DeviceUs)} + link {Ms(request.LinkUs)} + {worker} "
                    + $"{Ms(WorkerUsWorst(worker, load))} ({Sessions(load.SessionCount)})"
                : $"the device alone takes {total}";
        }

        private static string Sessions(int count) => count == 1 ? "1 session" : $"{count} sessions";

        /// <summary>Less than a millisecond is not "0.0".</summary>
        private static string Ms(long microseconds) =>
            $"{(microseconds / 1000.0).ToString(microseconds < 1000 ? "0.###" : "F1", CultureInfo.InvariantCulture)} ms";

        /// <summary>Why a new session cannot start on a worker that then has so much to do; null if it can.</summary>
        private Refusal? CheckDeadlines(SessionKey id, DeadlineRequest? request, string worker, WorkerLoad load)
        {
            if (request is not null && PromiseFor(request, worker, load).PromisedUs > Options.DegradationMax * request.AskedUs)
            {
                var hopeless = string.Create(
                    CultureInfo.InvariantCulture,
                    $"The deadline of {Ms(request.AskedUs)} for each token cannot be kept, nor {Options.DegradationMax:0.#} times of it");
                return new Refusal(RejectReason.Deadline, $"{hopeless}: {Describe(request, worker, load)}. Ask for more time.") { IsFinal = true };
            }

            if (KeepsPromises(id, worker, load))
                return null;
            var broken = $"Another session on {worker}, which has {load.SessionCount - 1}, would break a deadline that was promised there. Try later, or start a worker.";
            return new Refusal(RejectReason.Deadline, broken) { IsFinal = request is not null };
        }

        /// <summary>Whether all other sessions of a worker that were promised something keep it with this one beside them.</summary>
        private bool KeepsPromises(SessionKey id, string worker, WorkerLoad load) =>
            worker.Length == 0 || WorkerUsWorst(worker, load) <= Others(worker, but: id).WorkerUsLeft;

        /// <summary>Tells the devices of a worker's sessions where what they can count on has changed, if what its steps take has.</summary>
        private void RenewPromises(string worker)
        {
            if (!State.Workers.TryGetValue(worker, out var known))
                return;
            var sessions = State.SessionsOn(worker);
            var stepUs = WorkerUsWorst(worker, sessions.Load);
            if (stepUs == known.PromisedUs)
                return;
            State = State with { Workers = State.Workers.SetItem(worker, known with { PromisedUs = stepUs }) };
            foreach (var id in sessions.Promised)
                RenewPromise(id, sessions.Load);
        }

        private void RenewPromise(SessionKey id, WorkerLoad load)
        {
            if (State.Sessions[id] is not { Request: { } request, Promise: { } old } session)
                return;
            var promise = PromiseFor(request, session.Worker, load);
            var isBroken = TotalUsWorst(request, session.Worker, load) > old.PromisedUs;
            if (!isBroken && IsClose(promise.PromisedUs, old.PromisedUs) && IsClose(promise.DeviceUs, old.DeviceUs))
                return;
            State = State.With(id, session with { Promise = promise });
            Send(session.Edge, new DeadlineChanged { SessionId = id.Session.Value, Deadline = promise });
        }

        private bool IsClose(long microseconds, long before) => Math.Abs(microseconds - before) <= Options.PromiseHeadroom * before;
    }
}
