using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>
/// The device's side of a session as a pure function: prompt → front → frame → worker → token → front → … It is the only place
/// that retries. A message is answered, sent again when overdue, and after too many sends its worker counts as lost: the session
/// asks for a new plan, opens a new epoch, and replays its stored frames.
/// </summary>
public static partial class EdgeSession
{
    /// <param name="state">The session before the message.</param>
    /// <param name="message">A command, an event of the device, or a message of the transport; others change nothing.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public static (EdgeState State, ImmutableArray<EdgeEffect> Effects) Step(EdgeState state, object message, TimeSpan now)
    {
        if (state.Phase == EdgePhase.Ended)
            return (state, []);

        var turn = new Turn(state, now);
        turn.Handle(message);
        turn.MoveIfReady();
        turn.ComputeNext();
        turn.SendWithinWindow();
        turn.GuardAnswer();
        return (turn.State, turn.Effects);
    }

    /// <summary>One step in progress: the state so far and the effects collected.</summary>
    private sealed partial class Turn(EdgeState before, TimeSpan now)
    {
        private readonly EdgeState _before = before;
        private readonly ImmutableArray<EdgeEffect>.Builder _effects = ImmutableArray.CreateBuilder<EdgeEffect>();

        /// <summary>Something was answered or sent: the time to wait for an answer starts anew.</summary>
        private bool _restartTimer;

        /// <summary>This step has started the timer itself, to wait.</summary>
        private bool _hasStartedTimer;

        public EdgeState State { get; private set; } = before;

        public ImmutableArray<EdgeEffect> Effects => _effects.DrainToImmutable();

        private EdgeOptions Options => State.Options;

        public void Handle(object message)
        {
            switch (message)
            {
                case StartSession start when State.Phase == EdgePhase.Idle: Start(start); break;
                case CancelSession: End(EndReason.Cancelled); break;
                case FrontReady: KeepReady(); break;
                case FrontUnavailable unavailable: AbandonMove(unavailable.Detail); break;
                case FrontComputed computed: Keep(computed); break;
                case FrontFailed failed: End(EndReason.Failed, failed.Detail); break;
                case AnswerOverdue: Retry(); break;
                case ProbeDue: AskWhetherBack(); break;
                case ReportDue when State is { Phase: > EdgePhase.Planning, IsReportLeaving: false }: ReportLink(isDue: true); break;
                case DeviceMemoryChanged memory: TellMemory(memory); break;
                case Outgoing outgoing: Follow(outgoing); break;
                case LinkMeasured measured: State = State with { Measured = measured.Measurement }; break;
                case Undelivered lost: LosePeer(lost.To, lost.Reason); break;
                case PeerLost lost: LosePeer(lost.Address, "it stopped"); break;
                case Received received: HandleReceived(received); break;
            }
        }

        private void HandleReceived(Received received)
        {
            if (State.IsReminderUnanswered && received.From == State.Worker)
                State = State with { IsReminderUnanswered = false };
            if (received.Body is Rejected rejected)
                HandleRejected(received.From, rejected);
            else if (received.From == Options.Scheduler)
                HandleFromScheduler(received.Body);
            else if (received.From == State.Worker)
                HandleFromWorker(received.Body);
            else if (State.Hedged is { } hedged && received.From == hedged.Worker)
                HandleFromHedged(hedged, received.Body);
        }

        private void HandleFromScheduler(IMessage body)
        {
            switch (body)
            {
                case Welcome when State.Phase == EdgePhase.Joining: RequestPlan(); break;
                case Plan plan when State.Phase == EdgePhase.Planning && IsMine(plan.SessionId) && (!State.IsWaiting || IsSound(plan)): Adopt(plan); break;
                case Plan plan when State.Plan is not null && State.Phase != EdgePhase.Planning && IsMine(plan.SessionId): Replan(plan); break;
                case DeadlineChanged changed when IsMine(changed.SessionId): Adopt(changed.Deadline); break;
                case AlternativesChanged changed when IsMine(changed.SessionId): Adopt(changed); break;
            }
        }

        private void HandleFromWorker(IMessage body)
        {
            switch (body)
            {
                case SessionOpened opened when State.Phase == EdgePhase.Opening && IsCurrent(opened.SessionId, opened.Epoch): Run(); break;
                case StepResult result when State.Phase == EdgePhase.Running && IsCurrent(result.SessionId, result.Epoch): Acknowledge(result); break;
                case Nack nack when State.Phase == EdgePhase.Running && IsCurrent(nack.SessionId, nack.Epoch): Rewind(nack); break;
            }
        }

        private bool IsMine(ulong session) => session == State.Session.Value;

        private bool IsCurrent(ulong session, uint epoch) => IsMine(session) && epoch == State.Epoch;

        // ---- the way of a token: the prompt, the front, the frame, the worker's answer, the next token

        private void Start(StartSession start)
        {
            if (FindFault(start.Prompt) is { } fault)
            {
                End(EndReason.Failed, fault);
                return;
            }

            State = State with
            {
                Phase = EdgePhase.Joining,
                Tokens = start.Prompt,
                PromptCount = start.Prompt.Count,
                TokenAt = now,
                StartedAt = now,
            };
            Send(Options.Scheduler, Hello());
            _effects.Add(new EdgeEffect.StartReporting(Options.LinkReportPeriod));
        }

        private void Adopt(Plan plan)
        {
            if (FindFault(plan) is { } fault)
            {
                End(EndReason.Failed, fault);
                return;
            }

            State = State with { Revision = Math.Max(State.Revision, plan.Revision), IsWaiting = false, IsOwnChoice = false };
            if (State.Plan is null && plan.Mode == ExecutionMode.Handoff)
            {
                BeginHandoff(plan);
                return;
            }

            plan = AfterHandoff(plan);
            if (State.Plan is { } old && (State.Relocation is not null || !IsSameLeg(plan, old)))
            {
                State = State with { Phase = EdgePhase.Preparing };
                Relocate(new Relocation(plan, ReasonOf(plan)));
            }
            else if (State.Plan is null)
            {
                PrepareFirst(plan);
            }
            else
            {
                State = State with { Plan = plan, Deadline = plan.Deadline };
                Publish(new SessionPlanned(plan));
                Open();
            }
        }

        private void Open()
        {
            if (State.Plan!.Mode == ExecutionMode.Device)
            {
                State = State with { Phase = EdgePhase.Running };
                return;
            }

            State = State.Unreminded() with
            {
                Phase = EdgePhase.Opening,
                Epoch = State.EpochMax + 1,
                EpochMax = State.EpochMax + 1,
                SentCount = 0,
                AckedCount = 0,
                Attempts = 0,
            };
            _effects.Add(new EdgeEffect.WatchWorker(State.Worker));
            Send(State.Worker, OpenSession());
        }

        private void Run()
        {
            State = State with { Phase = EdgePhase.Running, Attempts = 0, IsWaiting = false, RefusedSince = null };
            if (State.IsOwnChoice)
                TellOfMove();
        }

        /// <summary>Gives the front the next chunk of tokens it has not seen; in cloud mode the token ids themselves are the frame.</summary>
        public void ComputeNext()
        {
            var count = Math.Min(State.Tokens.Count - State.ComputedCount, Options.ChunkTokensMax);
            if (State.Phase is not (EdgePhase.Opening or EdgePhase.Running) || State.IsComputing || count == 0)
                return;
            if (State.Relocation is { Holds: true })
                return;
            if (State.ComputedCount < State.ShippedEnd)
            {
                ShipNext();
                return;
            }

            if (State.ComputedCount < State.PromptCount)
                count = Math.Min(count, State.PromptCount - State.ComputedCount); // so that a chunk lies either in the prompt or behind it

            if (State.Plan!.Mode == ExecutionMode.Cloud)
            {
                AddFrame(new StoredFrame(State.ComputedCount, count, Frame: null));
                State = State with { Bill = State.Bill.WithTokenIds(count) };
                ComputeNext();
                return;
            }

            var end = State.ComputedCount + count;
            var samplesHere = State.Plan.Mode == ExecutionMode.Device && end == State.Tokens.Count;
            var tokens = State.Tokens.GetRange(State.ComputedCount, count).ToImmutableArray();
            _effects.Add(new EdgeEffect.ComputeFront(State.ComputedCount, tokens, samplesHere ? HistoryForSampling() : null, WorkerKnows(State.ComputedCount)));
            State = State with { IsComputing = true };
        }

        private bool WorkerKnows(int position) => position >= State.PromptCount || SharesPrompt;

        private ImmutableArray<int> HistoryForSampling() => Options.Sampling.UsesGenerated ? [.. Generated()] : [];

        private void Keep(FrontComputed computed)
        {
            State = State with { IsComputing = false, Bill = State.Bill.With(computed) };
            if (computed.Frame is not null)
                AddFrame(new StoredFrame(computed.Position, computed.Count, computed.Frame) { IsKeysAndValues = computed.IsKeysAndValues });
            else
                State = State with { ComputedCount = computed.Position + computed.Count };
            if (computed.IsKeysAndValues && State.ComputedCount == State.ShippedEnd)
                _effects.Add(new EdgeEffect.DropSource());
            if (computed.Token is { } token)
                Accept(token);
        }

        private void AddFrame(StoredFrame frame) => State = State with { Frames = State.Frames.Add(frame), ComputedCount = frame.End };

        /// <summary>Sends stored frames, oldest first, up to <see cref="EdgeOptions.InflightFramesMax"/> ahead of the acknowledged ones.</summary>
        public void SendWithinWindow()
        {
            while (State.Phase == EdgePhase.Running
                && !State.IsWaiting
                && State.SentCount < State.Frames.Count
                && State.SentCount < State.AckedCount + Options.InflightFramesMax)
            {
                var index = State.SentCount;
                var frame = State.Frames[index];
                var step = DecodeStep(frame);
                var bytes = Send(State.Worker, step);
                var isRepeat = frame.SentEpoch > 0;
                var sent = frame.SentEpoch == State.Epoch
                    ? frame with { SentBytes = 0 }
                    : frame with { SentEpoch = State.Epoch, SentAt = now, SentBytes = Envelopes.SizeOf(step), BytesOnTheWay = BytesOnTheWay(index) };
                State = State with
                {
                    Frames = State.Frames.SetItem(index, sent),
                    SentCount = index + 1,
                    Bill = State.Bill.WithMessage(bytes, isRepeat).WithHedgedRows(State.Hedged is not null && frame.SentEpoch != State.Epoch ? frame.Count : 0),
                    Link = State.Link.WithMessage(bytes, isRepeat),
                };
            }
        }

        private void Acknowledge(StepResult result)
        {
            if (FindFault(result) is { } fault)
            {
                FailOver(fault, isGone: false);
                return;
            }

            if (State.Hedged is not null && result.HasToken && result.NextPosition == State.Tokens.Count)
                WinHedge("another worker answered before it", isGone: false);
            var acked = State.AckedCount;
            while (acked < State.SentCount && State.Frames[acked].End <= result.NextPosition)
                acked++;
            if (acked > State.AckedCount)
            {
                var workerUs = (long)result.QueueUs + result.DecodeUs + result.ComputeUs;
                var last = State.Frames[acked - 1];
                var transportUs = Math.Max(0, Microseconds(now - last.SentAt) - workerUs);
                SettleReminders(acked);
                if (acked == State.AckedCount + 1)
                    Measure(result, acked - 1, transportUs);
                State = State with
                {
                    AckedCount = acked,
                    Attempts = 0,
                    ReminderCount = 0,
                    RefusedSince = null,
                    TransportUs = transportUs,
                    Bill = State.Bill.With(result, transportUs),
                    Link = State.Link.WithRoundTrip(transportUs),
                };
                _restartTimer = true;
                if (!State.HasUnacknowledged)
                    State = State with { LeavingBytes = 0 };
            }
            else
            {
                SettleReminder();
            }

            if (result.HasToken && result.NextPosition == State.Tokens.Count)
                Accept((int)result.Token);
        }

        /// <param name="index">Of the frame that alone was answered.</param>
        private void Measure(StepResult result, int index, long transportUs)
        {
            var (frame, hadTheLink) = (State.Frames[index], HadTheLink(index));
            if (frame.SentBytes == 0)
            {
                KeepTrip(result, frame, transportUs, hadTheLink);
                return;
            }

            if (frame.Count == 1)
                State = State with { Answers = AnswerTimes.After(State.Answers, Microseconds(now - frame.SentAt)) };
            else
                MeasureBytes(frame, transportUs);
            if (hadTheLink)
                _effects.Add(new EdgeEffect.MeasureRoundTrip(frame.SentBytes + Envelopes.SizeOf(result), transportUs));
        }

        private void Accept(int token)
        {
            var bill = Judge(State.Bill with { ElapsedUs = Microseconds(now) - Microseconds(State.TokenAt) }); // so that the sum loses no fractions
            State = State with
            {
                Tokens = State.Tokens.Add(token),
                TokenAt = now,
                Bill = TokenBill.Empty,
                FailoverCount = 0,
                OwnChoiceCount = 0,
                TokenPromisedUs = PromisedUs,
                ProbeCount = State.IsAlone ? State.ProbeCount : 0,
            };
            if (State.GeneratedCount == 1)
                State = State with { FirstTokenAt = now };
            PublishMove(bill);
            Publish(new TokenGenerated(token, bill));
            if (Options.EndTokens.Contains(token))
                End(EndReason.EndToken);
            else if (State.GeneratedCount >= Options.GeneratedCountMax || State.Tokens.Count >= PlannedTokenCountMax)
                End(State.Tokens.Count >= Options.ContextLength ? EndReason.ContextFull : EndReason.TokenLimit);
            else if (State.Tokens.Count >= Options.ContextLength)
                End(EndReason.ContextFull);
            else if (bill.MissedCount > 0 || State.GeneratedCount % Options.LinkReportTokens == 0)
                ReportLink();
            if (State.Phase != EdgePhase.Ended)
                ExitIfDue();
        }

        private void End(EndReason reason, string? detail = null)
        {
            if (State.Worker.Length > 0 && State.Phase is EdgePhase.Opening or EdgePhase.Running)
                Send(State.Worker, CloseSession());
            CloseHedged();
            ReportLink();
            Send(Options.Scheduler, CloseSession());
            State = State with { Phase = EdgePhase.Ended };
            _effects.Add(new EdgeEffect.CancelTimer());
            if (State.Measured is { } measured)
                Publish(new LinkObserved(measured));
            Publish(new SessionEnded(reason, detail));
        }
    }
}
