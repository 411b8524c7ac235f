using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.EarlyExit;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Edge;

/// <summary>
/// How a device that generates alone hands over: it exits when memory (W̄) or the deadline says so, ships keys and values if they may travel, and
/// goes on as the front of a split, or leaves everything to the worker.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        private const int CompressedKvBits = 4;

        /// <summary>Who is asked to hand over later begins as the device alone.</summary>
        private void BeginHandoff(Plan plan)
        {
            State = State with { Handoff = AfterHandoff(plan) };
            Publish(new SessionPlanned(plan));
            var alone = new Plan { SessionId = plan.SessionId, Mode = ExecutionMode.Device, SplitLayer = (uint)Options.LayerCount, Deadline = plan.Deadline };
            PrepareFirst(alone, isPublished: true);
        }

        /// <summary>A plan to hand over is one to be split for a session that has handed over.</summary>
        private static Plan AfterHandoff(Plan plan) => plan.Mode != ExecutionMode.Handoff
            ? plan
            : new Plan(plan) { Mode = plan.SplitLayer == 0 ? ExecutionMode.Cloud : ExecutionMode.Split };

        private static Plan BeforeHandoff(Plan target) => new(target) { Mode = ExecutionMode.Handoff };

        /// <summary>Asked after each token of a device that has not handed over.</summary>
        private void ExitIfDue()
        {
            if (State.Handoff is not { } target || Options.Handoff is not { } options || State.Relocation is not null)
                return;
            var decision = EarlyExitController.Decide(ExitProblem(options, target), State.GeneratedCount, layer: 1, (now - State.StartedAt).TotalSeconds);
            if (decision.Action == ExitAction.GoOn)
                return;
            State = State with { Handoff = null };
            Relocate(new Relocation(target, ReasonToExit(options, decision.Action))
            {
                Holds = true,
                Shipment = options.Shipment ?? ShipmentOf(decision.Target, options),
            });
        }

        private EarlyExitProblem ExitProblem(HandoffOptions options, Plan target)
        {
            var firstSeconds = (State.FirstTokenAt - State.StartedAt).TotalSeconds;
            var tokenSeconds = State.GeneratedCount > 1 ? (now - State.FirstTokenAt).TotalSeconds / (State.GeneratedCount - 1) : 0;
            return new EarlyExitProblem(
                new MeasuredExitCosts(options, (int)target.SplitLayer, State.PromptCount, firstSeconds, tokenSeconds),
                (ILinkModel?)Options.Link?.Up ?? UnknownLink.Instance, // then only memory decides
                options.Deadline?.TotalSeconds ?? double.PositiveInfinity,
                Math.Max(options.TokenCountMax, State.GeneratedCount),
                layerCount: 1,
                [(int)options.KvFormat, Math.Min(CompressedKvBits, (int)options.KvFormat)]);
        }

        private string ReasonToExit(HandoffOptions options, ExitAction action)
        {
            if (action == ExitAction.DeadlineLost)
                return $"the state can no longer arrive within the deadline of {options.Deadline!.Value.TotalSeconds:0.###} s";
            return State.GeneratedCount >= options.TokenCountMax
                ? $"the device has generated W̄ = {options.TokenCountMax} tokens"
                : $"after another token the state would not arrive within the deadline of {options.Deadline!.Value.TotalSeconds:0.###} s";
        }

        /// <summary>Too late for anything, it ships the least.</summary>
        private static KvShipment ShipmentOf(ExitState? state, HandoffOptions options) => state switch
        {
            { ShipsKvCache: true } when state.Value.Bits == (int)options.KvFormat => KvShipment.Exact,
            { ShipsKvCache: true } => KvShipment.Compressed,
            _ => KvShipment.None,
        };

        /// <summary>The device's keys and values of the worker's layers, chunk by chunk; they are kept like frames.</summary>
        private void ShipNext()
        {
            var count = Math.Min(State.ShippedEnd - State.ComputedCount, Options.Handoff!.ChunkTokensMax);
            _effects.Add(new EdgeEffect.ShipKeysAndValues(State.ComputedCount, count, State.Shipment == KvShipment.Exact));
            State = State with { IsComputing = true };
        }

        /// <summary>The worker cannot use the keys and values that were shipped: it rebuilds them.</summary>
        private void RebuildInstead(string detail)
        {
            Send(State.Worker, CloseSession());
            State = State with
            {
                Phase = EdgePhase.Preparing,
                Relocation = new Relocation(State.Plan!, $"the worker does not take its keys and values ({detail.TrimEnd('.')})")
                {
                    IsReady = true,
                    Rebuilds = true,
                    Shipment = KvShipment.None,
                },
            };
        }
    }
}
