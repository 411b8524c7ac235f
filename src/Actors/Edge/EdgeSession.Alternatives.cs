using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// How a session that has lost its worker goes on without asking: on the plan's alternatives, the best first, each of which costs one
/// refusal if it cannot take it. The scheduler is
/// told afterwards; only when all are used up is it asked.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>
        /// Between two tokens; then the scheduler is asked, with pauses, so that a session that no worker survives does not go round
        /// for ever.
        /// </summary>
        private const int OwnChoicesMax = 4;

        /// <param name="spares">It must have room to spare.</param>
        private Alternative? NextAlternative(bool spares) => State.Plan?.Alternatives.FirstOrDefault(
            other => other.Worker != State.Worker && other.Worker != State.Hedged?.Worker
                && Protocol.Peer.Of(other.Worker).Kind == PeerKind.Worker && (other.SpareSessionCount > 0 || !spares));

        /// <summary>The same plan with another worker, which is no alternative then.</summary>
        private static Plan At(Plan plan, Alternative next) => new(Without(plan, next.Worker)) { Worker = next.Worker, Reason = "" };

        /// <summary>A plan of the device's own making. What was promised last holds until the scheduler says otherwise.</summary>
        private Plan OwnPlan(Plan plan, uint revision) => new(plan) { Revision = revision, Deadline = State.Deadline };

        private static Plan Without(Plan plan, string worker) => With(plan, plan.Alternatives.Where(other => other.Worker != worker));

        private static Plan With(Plan plan, IEnumerable<Alternative> alternatives)
        {
            var renewed = new Plan(plan);
            renewed.Alternatives.Clear();
            renewed.Alternatives.Add(alternatives);
            return renewed;
        }

        /// <summary>As the scheduler has it now.</summary>
        private void Adopt(AlternativesChanged changed)
        {
            if (State.Plan is { } plan && changed.Worker == plan.Worker)
                State = State with { Plan = With(plan, changed.Alternatives) };
            else if (State.Hedged is { } hedged && changed.Worker == hedged.Worker)
                State = State with { Hedged = hedged with { Plan = With(hedged.Plan, changed.Alternatives) } };
        }

        /// <summary>
        /// Opens the session on the next alternative. Its choice counts as a plan: one that the scheduler made before it knew has the
        /// same revision, and is not followed.
        /// </summary>
        /// <returns>Whether there was one.</returns>
        private bool TryAlternative()
        {
            if (State.OwnChoiceCount == OwnChoicesMax || NextAlternative(spares: false) is not { } next)
                return false;
            var revision = State.Revision + 1;
            State = State with
            {
                FailoverCount = State.FailoverCount + 1,
                OwnChoiceCount = State.OwnChoiceCount + 1,
                Revision = revision,
                Plan = OwnPlan(At(State.Plan!, next), revision),
                IsOwnChoice = true,
            };
            Publish(new SessionPlanned(State.Plan));
            Open();
            return true;
        }

        /// <summary>If this is lost, the next report says a revision that the scheduler does not know, and it asks.</summary>
        private void TellOfMove()
        {
            State = State with { IsOwnChoice = false };
            Send(Options.Scheduler, new PlanRequest(PlanRequest()) { HasMoved = true });
        }
    }
}
