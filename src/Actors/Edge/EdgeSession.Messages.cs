using Google.Protobuf;
using SplitActors.Actors.Links;
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
            report.Measured = State.Measured?.ToMessage();
            if (State.Revision > 0)
                report.Revision = State.Revision;
            if (LinkUsWorst() is { } linkUs)
                report.LinkUsWorst = linkUs;
            if (MemoryBytesMax is { } memory)
                report.MemoryBytesMax = memory;
            Send(Options.Scheduler, report);
            State = State with { Link = LinkTally.Empty, MayIntroduce = true, IsReportLeaving = false };
        }

        private Hello Hello()
        {
            var hello = new Hello
            {
                Role = Role.Edge,
                ProtocolVersion = Protocol.ProtocolVersion.Current,
                ModelDigest = Options.ModelDigest,
                EndLayer = (uint)Options.LayerCount,
            };
            if (Options.CalibrationId != 0)
                hello.CalibrationId = Options.CalibrationId;
            return hello;
        }

        private PlanRequest PlanRequest()
        {
            var request = new PlanRequest
            {
                SessionId = State.Session.Value,
                TokenCountMax = (uint)TokenCountMax,
                LostWorker = State.LostWorker,
                Device = Options.Device?.Clone(),
                Link = Options.Link?.ToMessage(),
                PromptCount = (uint)State.PromptCount,
                ModelDigest = Options.ModelDigest,
                Current = Current(),
            };
            if (State.Revision > 0)
                request.Revision = State.Revision;
            if (WireTime.ToMicroseconds(Options.Deadline?.TotalSeconds) is { } deadlineUs)
                request.DeadlineUs = deadlineUs;
            if (LinkUsWorst() is { } linkUs)
                request.LinkUsWorst = linkUs;
            if (Options.DeviceTime > TimeSpan.Zero && WireTime.ToMicroseconds(Options.DeviceTime.TotalSeconds) is { } deviceUs)
                request.DeviceUs = deviceUs;
            if (request.Device is { } device && MemoryBytesMax is { } memory)
                device.MemoryBytesMax = memory;
            return request;
        }

        /// <summary>What the session goes by, or is about to; null before its first plan, and where it goes on alone for want of a scheduler.</summary>
        private Plan? Current()
        {
            var wish = State.Relocation?.Later ?? State.Relocation;
            if (State.Plan is null || (wish?.IsFallback ?? State.IsAlone))
                return null;
            var plan = wish is { IsFirst: false } ? wish.Plan : State.Handoff is { } target ? BeforeHandoff(target) : State.Hedged?.Plan ?? State.Plan; // a hedge may lose
            var current = new Plan
            {
                SessionId = plan.SessionId,
                Mode = plan.Mode,
                SplitLayer = plan.SplitLayer,
                Worker = plan.Worker,
                Compression = plan.Compression,
                Front = plan.Front,
                Revision = plan.Revision,
            };
            if (plan.HasTokenCountMax)
                current.TokenCountMax = plan.TokenCountMax;
            return current;
        }

        /// <summary>Null: no limit.</summary>
        private ulong? MemoryBytesMax => State.MemoryBytesMax ?? (Options.Device is { HasMemoryBytesMax: true } device ? device.MemoryBytesMax : null);

        private CloseSession CloseSession() => CloseSession(State.Epoch);

        private CloseSession CloseSession(uint epoch) => new() { SessionId = State.Session.Value, Epoch = epoch };

        private OpenSession OpenSession()
        {
            var open = new OpenSession
            {
                SessionId = State.Session.Value,
                Epoch = State.Epoch,
                ProtocolVersion = Protocol.ProtocolVersion.Current,
                ModelDigest = Options.ModelDigest,
                SplitLayer = State.Plan!.SplitLayer,
                TokenCountMax = (uint)PlannedTokenCountMax,
                Sampling = Options.Sampling.ToMessage(),
                Generated = { Generated().Select(token => (uint)token) },
                PromptCount = (uint)State.PromptCount,
                Prompt = { SharesPrompt ? State.Tokens.Take(State.PromptCount).Select(token => (uint)token) : [] },
            };
            if (State.Plan.Compression is { HasCalibrationId: true } compression)
                open.CalibrationId = compression.CalibrationId;
            if (State.Deadline is { } deadline)
                open.WorkerUs = deadline.PromisedUs - Math.Min(deadline.PromisedUs, deadline.DeviceUs);
            return open;
        }

        /// <summary>A frame that ends with the last known token asks for the next one.</summary>
        private DecodeStep DecodeStep(StoredFrame frame)
        {
            var step = new DecodeStep
            {
                SessionId = State.Session.Value,
                Epoch = State.Epoch,
                Position = (uint)frame.Position,
                TokenCount = (uint)frame.Count,
                Samples = frame.End == State.Tokens.Count,
            };
            if (frame.IsKeysAndValues)
                step.KeysAndValues = frame.Frame;
            else if (frame.Frame is not null)
                step.Frame = frame.Frame;
            else
                step.Tokens = new TokenIds { Ids = { State.Tokens.GetRange(frame.Position, frame.Count).Select(token => (uint)token) } };
            return step;
        }

        private bool SharesPrompt => State.Plan?.Compression is { SharesPromptTokens: true };

        private int TokenCountMax => (int)Math.Min((long)State.PromptCount + Options.GeneratedCountMax, Options.ContextLength);

        /// <summary>As the plan has it, whose worker or device may have room for fewer tokens than were asked for.</summary>
        private int PlannedTokenCountMax => State.Plan is { HasTokenCountMax: true, TokenCountMax: var planned } && planned < TokenCountMax ? (int)planned : TokenCountMax;

        private IEnumerable<int> Generated() => State.Tokens.Skip(State.PromptCount);

        private static long Microseconds(TimeSpan time) => (long)time.TotalMicroseconds;
    }
}
