using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.EarlyExit;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Edge;

/// <summary>
/// How a device that generates alone hands over: it exits when memory (W̄) or the deadline says so, ships keys and values if they may travel, and
/// goes on as the front of a split, with a deadline of that which lets w·ℓ be largest, or leaves everything to the worker.
/// </summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        private const int CompressedKvBits = 4;

        /// <summary>Who is asked to hand over later begins as the device alone.</summary>
        private void BeginHandoff(Plan plan)
        {
            KeepHandoff(AfterHandoff(plan));
            Publish(new SessionPlanned(plan));
            var alone = new Plan { SessionId = plan.SessionId, Mode = ExecutionMode.Device, SplitLayer = (uint)Options.LayerCount, Deadline = plan.Deadline };
            PrepareFirst(alone, isPublished: true);
        }

        private void KeepHandoff(Plan target) => State = State with
        {
            Handoff = target,
            HandoffSplits = Options.Handoff is { } options ? HandoffSplit.Of(target, options, LayersWithRoom(options)) : [],
        };

        /// <summary>Whose keys and values, of the longest session, take no more than those of all layers did when the device had generated W̄ tokens.</summary>
        private int LayersWithRoom(HandoffOptions options) =>
            (int)Math.Min(Options.LayerCount, Options.LayerCount * ((long)State.PromptCount + options.TokenCountMax) / TokenCountMax);

        /// <summary>
        /// A plan to hand over is one to be split for a session that has handed over: at its own split, which the worker of a shallower one serves too, so that
        /// its frames stay of use.
        /// </summary>
        private Plan AfterHandoff(Plan plan)
        {
            if (plan.Mode != ExecutionMode.Handoff)
                return plan;
            var after = new Plan(plan) { Mode = plan.SplitLayer == 0 ? ExecutionMode.Cloud : ExecutionMode.Split };
            return State.Plan is { Mode: ExecutionMode.Split } current && after.Mode == ExecutionMode.Split && current.SplitLayer > plan.SplitLayer
                ? At(after, (int)current.SplitLayer, current.Compression)
                : after;
        }

        private static Plan At(Plan plan, int splitLayer, Compression compression) => new(plan) { SplitLayer = (uint)splitLayer, Compression = compression };

        private static Plan BeforeHandoff(Plan target) => new(target) { Mode = ExecutionMode.Handoff };

        /// <summary>Asked after each token of a device that has not handed over.</summary>
        private void ExitIfDue()
        {
            if (State.Handoff is not { } target || Options.Handoff is not { } options || State.Relocation is not null)
                return;
            var problem = ExitProblem(options);
            var decision = EarlyExitController.Decide(problem, State.GeneratedCount, Options.LayerCount, (now - State.StartedAt).TotalSeconds);
            if (decision.Action == ExitAction.GoOn)
                return;
            var isLost = decision.Target?.TokenCount != State.GeneratedCount; // fewer tokens would arrive, but the user has read all
            var exit = isLost ? EarlyExitController.Soonest(problem, State.GeneratedCount) : decision.Target!.Value;
            var split = State.HandoffSplits.First(split => split.SplitLayer == exit.Layer);
            State = State with { Handoff = null, HandoffSplits = [] };
            Relocate(new Relocation(At(target, split.SplitLayer, split.Compression), ReasonToExit(options, isLost))
            {
                Holds = true,
                Shipment = options.Shipment ?? ShipmentOf(exit, options),
            });
        }

        private EarlyExitProblem ExitProblem(HandoffOptions options)
        {
            var firstSeconds = (State.FirstTokenAt - State.StartedAt).TotalSeconds;
            double? tokenSeconds = State.GeneratedCount > 1 ? (now - State.FirstTokenAt).TotalSeconds / (State.GeneratedCount - 1) : null;
            return new EarlyExitProblem(
                new MeasuredExitCosts(options, State.HandoffSplits, State.PromptCount, firstSeconds, tokenSeconds),
                (ILinkModel?)Options.Link?.Up ?? UnknownLink.Instance, // then only memory decides
                options.Deadline?.TotalSeconds ?? double.PositiveInfinity,
                Math.Max(options.TokenCountMax, State.GeneratedCount),
                Options.LayerCount,
                [(int)options.KvFormat, Math.Min(CompressedKvBits, (int)options.KvFormat)],
                [.. State.HandoffSplits.Select(split => split.SplitLayer)]);
        }

        private string ReasonToExit(HandoffOptions options, bool isLost)
        {
            if (isLost)
                return $"the state can no longer arrive within the deadline of {options.Deadline!.Value.TotalSeconds:0.###} s";
            return State.GeneratedCount >= options.TokenCountMax
                ? $"the device has generated W̄ = {options.TokenCountMax} tokens"
                : $"after another token the state would not arrive within the deadline of {options.Deadline!.Value.TotalSeconds:0.###} s";
        }

        private static KvShipment ShipmentOf(ExitState state, HandoffOptions options) => state switch
        {
            { ShipsKvCache: true } when state.Bits == (int)options.KvFormat => KvShipment.Exact,
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
