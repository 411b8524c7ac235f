using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>The worker and its scheduler.</summary>
public static partial class BackendWorker
{
    private sealed partial class Turn
    {
        /// <summary>Whole pages, so that a token's share has no rounding.</summary>
        private const int KvTokens = 1024;

        private void HandleFromScheduler(IMessage body)
        {
            switch (body)
            {
                case Welcome: Join(); break;
                case Rejected { Reason: RejectReason.UnknownWorker }: Introduce(); break;
                case Rejected { HasRetryAfterMs: true }: // it is full: the worker says hello again instead of its next report
                    State = State with { IsWelcome = false };
                    break;
                case Rejected rejected when !State.IsWelcome:
                    _effects.Add(new WorkerEffect.Stop($"The scheduler refused this worker: {rejected.Detail}"));
                    break;
            }
        }

        /// <summary>A scheduler that knows the worker anew must not take it for one that stays.</summary>
        private void Join()
        {
            State = State with { IsWelcome = true };
            if (State.LeavingSince is not null)
                Send(Options.Scheduler, Status());
        }

        private void BeginToLeave()
        {
            if (State.LeavingSince is not null)
                return;
            State = State with { LeavingSince = now };
            if (State.IsWelcome)
                Send(Options.Scheduler, Status());
        }

        /// <summary>Once: no message comes after it but those that were on their way.</summary>
        public void LeaveIfDone()
        {
            if (State.LeavingSince is not { } since || State.HasLeft || (State.Sessions.Count > 0 && now - since < Options.LeaveTimeMax))
                return;
            State = State with { HasLeft = true };
            _effects.Add(new WorkerEffect.Leave(State.Sessions.Count));
        }

        private void Report()
        {
            foreach (var (id, session) in State.Sessions)
            {
                if (now - session.SeenAt > Options.SessionIdleMax)
                    Drop(id);
            }

            if (State.IsWelcome)
                Send(Options.Scheduler, Status());
            else
                Introduce();
        }

        private void Introduce()
        {
            State = State with { IsWelcome = false };
            _effects.Add(new WorkerEffect.Watch(Options.Scheduler));
            Send(Options.Scheduler, Hello());
        }

        private WorkerStatus Status() => new()
        {
            SessionCount = (uint)State.Sessions.Count,
            QueuedRows = (uint)State.QueuedRows,
            KvBytes = (ulong)State.KvBytes,
            RowsComputed = (ulong)State.RowsComputed,
            ComputeUsSum = (ulong)State.ComputeUsSum,
            BatchCount = (ulong)State.BatchCount,
            LayersComputed = (ulong)State.LayersComputed,
            LayerRowsComputed = (ulong)State.LayerRowsComputed,
            Leaving = State.LeavingSince is not null,
        };

        private Hello Hello()
        {
            var hello = new Hello
            {
                Role = Role.Worker,
                ProtocolVersion = Protocol.ProtocolVersion.Current,
                ModelDigest = Options.ModelDigest,
                FirstLayer = (uint)Options.Layers.First,
                EndLayer = (uint)Options.Layers.End,
                SessionCountMax = (uint)Options.SessionCountMax,
                NumericsId = Options.NumericsId,
                DeviceSessionCountMax = (uint)Options.DeviceLimit.SessionCountMax,
                DeviceTokenCountMax = (ulong)Options.DeviceLimit.TokenCountMax,
                Profile = new WorkerProfile
                {
                    Costs = Options.Costs?.ToMessage(),
                    BatchRowsMax = (uint)Options.BatchRowsMax,
                    PromptRowsMax = (uint)Options.PromptRowsMax,
                    KvBytesMax = (ulong)Options.KvBytesMax,
                    KvBytesPerLayer = (ulong)Options.KvLayout.WithLayers(1).BytesFor(KvTokens) / KvTokens,
                },
            };
            if (Options.CalibrationId != 0)
                hello.CalibrationId = Options.CalibrationId;
            return hello;
        }
    }
}
