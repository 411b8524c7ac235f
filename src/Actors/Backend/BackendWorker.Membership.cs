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
                case Welcome: State = State with { IsWelcome = true }; break;
                case Rejected { Reason: RejectReason.UnknownWorker }: Introduce(); break;
                case Rejected rejected: _effects.Add(new WorkerEffect.Stop($"The scheduler refused this worker: {rejected.Detail}")); break;
            }
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
        };

        private Hello Hello() => new()
        {
            Role = Role.Worker,
            ProtocolVersion = Protocol.ProtocolVersion.Current,
            ModelDigest = Options.ModelDigest,
            FirstLayer = (uint)Options.Layers.First,
            EndLayer = (uint)Options.Layers.End,
            CalibrationId = Options.CalibrationId,
            SessionCountMax = (uint)Options.SessionCountMax,
            Profile = new WorkerProfile
            {
                Costs = Options.Costs?.ToMessage(),
                BatchRowsMax = (uint)Options.BatchRowsMax,
                KvBytesMax = (ulong)Options.KvBytesMax,
                KvBytesPerLayer = (ulong)Options.KvLayout.WithLayers(1).BytesFor(KvTokens) / KvTokens,
            },
        };
    }
}
