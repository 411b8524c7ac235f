using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>
/// Sessions that cannot keep their deadline any longer where they are, because link or load have changed, and can elsewhere: with another split, on another
/// worker, on the device alone or without it.
/// </summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private void ReplanWhereLate(string worker)
        {
            foreach (var (id, session) in State.Sessions)
            {
                if (session.Worker == worker)
                    ReplanIfLate(id);
            }
        }

        private void ReplanIfLate(SessionId id)
        {
            if (Options.Alternatives.IsEmpty || State.Sessions.GetValueOrDefault(id) is not { Request: { } request } session || now - session.MovedAt < Options.MovePause)
                return;
            var totalUs = TotalUsWorst(request, session.Worker, SessionCountOf(session.Worker));
            if (totalUs <= request.AskedUs || BestPlace(id, session, request) is not { } best || best.TotalUs > Options.MoveGain * totalUs)
                return;
            Place(id, session with
            {
                Plan = best.Plan,
                Worker = best.Worker,
                Request = best.Request,
                MovedAt = now,
                Reason = $"a token takes at worst {Ms(totalUs)} with {PlanOf(session).SplitLayer} layers on the device, {Ms(best.TotalUs)} with {best.Plan.SplitLayer} (deadline {Ms(request.AskedUs)})",
            });
            RenewPromises(session.Worker);
        }

        private (FixedPlan Plan, string Worker, DeadlineRequest Request, long TotalUs)? BestPlace(SessionId id, PlacedSession session, DeadlineRequest request)
        {
            (FixedPlan Plan, string Worker, DeadlineRequest Request, long TotalUs)? best = null;
            FixedPlan[] plans = [PlanOf(session), Options.Plan, .. Options.Alternatives];
            foreach (var plan in plans)
            {
                if (RequestAt(plan, PlanOf(session), request) is not { } there)
                    continue;
                foreach (var worker in PlacesFor(plan, id, session))
                {
                    var totalUs = TotalUsWorst(there, worker, SessionCountOf(worker) + 1);
                    if (totalUs < (best?.TotalUs ?? long.MaxValue))
                        best = (plan, worker, there, totalUs);
                }
            }

            return best;
        }

        /// <summary>What is known of the device holds for another split in proportion to its layers; of a device without layers nothing is.</summary>
        private static DeadlineRequest? RequestAt(FixedPlan plan, FixedPlan current, DeadlineRequest request)
        {
            if (plan.SplitLayer == current.SplitLayer)
                return request;
            return current.SplitLayer == 0 ? null : request with { DeviceUs = request.DeviceUs * plan.SplitLayer / current.SplitLayer };
        }

        /// <summary>Workers with room that keep what they promised to others; the device itself, which has no address, for a plan without workers.</summary>
        private IEnumerable<string> PlacesFor(FixedPlan plan, SessionId id, PlacedSession session)
        {
            if (plan.Mode == ExecutionMode.Device)
                return session.Worker.Length > 0 ? [""] : [];
            return State.Workers
                .Where(worker => worker.Key != session.Worker && IsServing(worker.Value, plan) && !worker.Value.IsSuspect)
                .Where(worker => SessionCountOf(worker.Key) < worker.Value.SessionCountMax && worker.Value.Fits(TokensOn(worker.Key, id), session.TokenCountMax))
                .Select(worker => worker.Key)
                .Where(worker => KeepsPromises(worker, SessionCountOf(worker) + 1));
        }

        private long TokensOn(string worker, SessionId but) =>
            State.Sessions.Where(session => session.Value.Worker == worker && session.Key != but).Sum(session => session.Value.TokenCountMax);
    }
}
