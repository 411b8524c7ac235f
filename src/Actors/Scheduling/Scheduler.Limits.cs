using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a worker or a device gets at most, whatever it says of itself: so that none takes the places of others.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private const string ForMore = "Let a session end first, or allow more there (--device-sessions, --device-tokens).";

        /// <summary>Whether there is a place for one more worker. That of a silent one is: if it is only cut off, it says hello again.</summary>
        private bool MakePlace()
        {
            if (State.Workers.Count < Options.WorkerCountMax)
                return true;
            var silent = State.Workers.Where(worker => !IsLive(worker.Value)).ToList();
            if (silent.Count == 0)
                return false;
            Forget(silent.MinBy(worker => worker.Value.SeenAt).Key);
            return true;
        }

        /// <summary>
        /// Devices may have said of more sessions that they run on a worker, before it said hello, than it gives a device. Those that are too
        /// many lose their places; where they do run, their devices say so again, and are told to wait or to go elsewhere.
        /// </summary>
        private void DropBeyondLimits(string address)
        {
            var limit = State.Workers[address].DeviceLimit;
            foreach (var id in State.SessionsOn(address).All)
            {
                if (!limit.Holds(State.SessionsOn(address).Holdings.Of(id.Device)))
                    Drop(id);
            }
        }

        /// <summary>Why a request is not even looked at; null if it is. It is about what a device may have at all, wherever it is placed.</summary>
        private Refusal? FindFault(SessionKey id, PlanRequest request, bool isNew)
        {
            var (tokens, limit, held) = (request.TokenCountMax, Options.DeviceLimit, State.Holdings.Of(id.Device));
            if (isNew && State.Sessions.Count >= Options.SessionCountMax)
                return Later($"The scheduler has {State.Sessions.Count} of {Options.SessionCountMax} sessions.");
            if (!request.ModelDigest.IsEmpty && !request.ModelDigest.Equals(Options.ModelDigest))
            {
                var mismatch = Compatibility.Check(id.Device.Name, ProtocolVersion.Current, request.ModelDigest, "the scheduler", Options.ModelDigest);
                return mismatch! with { IsFinal = true };
            }

            if (request is { HasDeadlineUs: true, DeadlineUs: 0 })
                return Never(RejectReason.BadRequest, "The session asks for a token in 0 ms. Ask for more time.");
            if (tokens == 0 || tokens > Options.ContextLength)
                return Never(RejectReason.ContextLength, $"The session asks for {tokens} tokens; the model's context has 1–{Options.ContextLength}.");
            if (tokens > limit.TokenCountMax)
                return Never(RejectReason.ContextLength, $"The session asks for {tokens} tokens; the scheduler gives a device {limit.TokenCountMax}.");
            return isNew && !limit.HoldsWith(held, tokens) ? Later($"{id.Device} has {held}; the scheduler gives a device {limit}. {ForMore}") : null;
        }

        /// <summary>Null if nobody serves the session's layers, or all who do have as many sessions as they take.</summary>
        private Refusal? LackOfRoom(SessionKey id, PlacedSession newcomer)
        {
            Refusal? hopeless = null;
            var mayWait = false;
            var load = State.LoadOf(newcomer);
            var servers = State.Workers.Where(worker => IsLive(worker.Value) && !worker.Value.IsLeaving && IsServing(worker.Value, State.PlanOf(newcomer)));
            foreach (var (address, worker) in servers)
            {
                var (others, limit, tokensMax) = (Others(address, but: id), worker.DeviceLimit, worker.TokenCountMax(load.LayerCount));
                var tooMany = $"The session's {load.TokenCountMax} tokens";
                if (load.TokenCountMax > Math.Min(limit.TokenCountMax, tokensMax))
                {
                    var most = Math.Min(limit.TokenCountMax, tokensMax);
                    hopeless ??= Never(RejectReason.ContextLength, $"{tooMany} are too many for {address}, which gives a device {most}. Ask for fewer.");
                    continue;
                }

                mayWait = true;
                if (!worker.Fits(others.LayerTokens, load.LayerTokens))
                {
                    var detail = $"{tooMany} do not fit beside the {others.TokenCount} of other sessions on {address}, which holds {tokensMax}.";
                    return new Refusal(RejectReason.Memory, detail);
                }

                if (!limit.HoldsWith(HeldThere(id, address), load.TokenCountMax))
                    return Later($"{id.Device} has {HeldThere(id, address)} on {address}, which gives a device {limit}. {ForMore}");
            }

            return mayWait ? null : hopeless;
        }

        /// <summary>By the session's device on a worker, in other sessions.</summary>
        private DeviceHolding HeldThere(SessionKey id, string worker) => Others(worker, but: id).Holdings.Of(id.Device);

        private static Refusal Later(string detail) => new(RejectReason.SessionLimit, detail);

        private static Refusal Never(RejectReason reason, string detail) => new(reason, detail) { IsFinal = true };
    }
}
