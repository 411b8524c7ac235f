using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a session says, and how.</summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        private long Send(string to, IMessage body)
        {
            _effects.Add(new EdgeEffect.Send(to, body));
            return body.CalculateSize();
        }

        private void Publish(SessionEvent sessionEvent) => _effects.Add(new EdgeEffect.Publish(sessionEvent));

        /// <param name="isDue">Even if there were no steps since the last one.</param>
        private void ReportLink(bool isDue = false)
        {
            if (State.Link.StepCount == 0 && !isDue)
                return;
            var report = State.Link.ToMessage(State.Session);
            report.Revision = State.Revision;
            report.LinkUsWorst = LinkUsWorst();
            report.Measured = State.Measured?.ToMessage();
            report.MemoryBytesMax = MemoryBytesMax;
            Send(Options.Scheduler, report);
            State = State with { Link = LinkTally.Empty, MayIntroduce = true, IsReportLeaving = false };
        }

        private Hello Hello() => new()
        {
            Role = Role.Edge,
            ProtocolVersion = Protocol.ProtocolVersion.Current,
            ModelDigest = Options.ModelDigest,
            CalibrationId = Options.CalibrationId,
            EndLayer = (uint)Options.LayerCount,
        };

        private PlanRequest PlanRequest() => new()
        {
            SessionId = State.Session.Value,
            TokenCountMax = (uint)TokenCountMax,
            LostWorker = State.LostWorker,
            Revision = State.Revision,
            DeadlineUs = LinkMessages.ToMicroseconds(Options.Deadline?.TotalSeconds),
            LinkUsWorst = LinkUsWorst(),
            DeviceUs = LinkMessages.ToMicroseconds(Options.DeviceTime.TotalSeconds),
            Device = Options.Device is null ? null : new DeviceDescription(Options.Device) { MemoryBytesMax = MemoryBytesMax },
            Link = Options.Link?.ToMessage(),
            PromptCount = (uint)State.PromptCount,
            ModelDigest = Options.ModelDigest,
            Current = Current(),
        };

        /// <summary>What the session goes by, or is about to; null before its first plan, and where it goes on alone for want of a scheduler.</summary>
        private Plan? Current()
        {
            var wish = State.Relocation?.Later ?? State.Relocation;
            if (State.Plan is null || (wish?.IsFallback ?? State.IsAlone))
                return null;
            var plan = wish is { IsFirst: false } ? wish.Plan : State.Handoff is { } target ? BeforeHandoff(target) : State.Plan;
            return new Plan
            {
                SessionId = plan.SessionId,
                Mode = plan.Mode,
                SplitLayer = plan.SplitLayer,
                Worker = plan.Worker,
                Compression = plan.Compression,
                Front = plan.Front,
                TokenCountMax = plan.TokenCountMax,
                Revision = plan.Revision,
            };
        }

        private ulong MemoryBytesMax => State.MemoryBytesMax ?? Options.Device?.MemoryBytesMax ?? 0;

        private CloseSession CloseSession() => new() { SessionId = State.Session.Value, Epoch = State.Epoch };

        private OpenSession OpenSession() => new()
        {
            SessionId = State.Session.Value,
            Epoch = State.Epoch,
            ProtocolVersion = Protocol.ProtocolVersion.Current,
            ModelDigest = Options.ModelDigest,
            SplitLayer = State.Plan!.SplitLayer,
            TokenCountMax = (uint)PlannedTokenCountMax,
            Sampling = Options.Sampling.ToMessage(),
            Generated = { Generated().Select(token => (uint)token) },
            CalibrationId = State.Plan.Compression?.CalibrationId ?? 0,
            PromptCount = (uint)State.PromptCount,
            WorkerUs = State.Deadline is { } deadline ? deadline.PromisedUs - Math.Min(deadline.PromisedUs, deadline.DeviceUs) : 0,
            Prompt = { SharesPrompt ? State.Tokens.Take(State.PromptCount).Select(token => (uint)token) : [] },
        };

        private bool SharesPrompt => State.Plan?.Compression is { SharesPromptTokens: true };

        private int TokenCountMax => (int)Math.Min((long)State.PromptCount + Options.GeneratedCountMax, Options.ContextLength);

        /// <summary>As the plan has it, whose worker or device may have room for fewer tokens than were asked for.</summary>
        private int PlannedTokenCountMax => State.Plan is { TokenCountMax: > 0 and var planned } && planned < TokenCountMax ? (int)planned : TokenCountMax;

        private IEnumerable<int> Generated() => State.Tokens.Skip(State.PromptCount);

        private static long Microseconds(TimeSpan time) => (long)time.TotalMicroseconds;
    }
}
