using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Backend;

/// <summary>
/// The worker's side of all its sessions as a pure function: steps arrive, wait, run in batches, and are answered. A repeat of the
/// last step gets its stored result, a gap a <see cref="Nack"/>, anything else that cannot be served a <see cref="Rejected"/>.
/// </summary>
public static class BackendWorker
{
    /// <param name="state">The worker before the message.</param>
    /// <param name="message">An event of the worker, or a message of the transport; others change nothing.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public static (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now)
    {
        var turn = new Turn(state, now);
        turn.Handle(message);
        turn.StartBatch();
        return (turn.State, turn.Effects);
    }

    /// <summary>One step in progress: the state so far and the effects collected.</summary>
    private sealed class Turn(WorkerState before, TimeSpan now)
    {
        /// <summary>Whole pages, so that a token's share has no rounding.</summary>
        private const int KvTokens = 1024;

        private readonly ImmutableArray<WorkerEffect>.Builder _effects = ImmutableArray.CreateBuilder<WorkerEffect>();

        public WorkerState State { get; private set; } = before;

        public ImmutableArray<WorkerEffect> Effects => _effects.DrainToImmutable();

        private WorkerOptions Options => State.Options;

        public void Handle(object message)
        {
            switch (message)
            {
                case StatusDue: Report(); break;
                case BatchComputed computed: Answer(computed); break;
                case PeerLost lost: Forget(lost.Address); break;
                case Received { Body: OpenSession open } received: Open(received.From, open); break;
                case Received { Body: DecodeStep step } received: Accept(received.From, step); break;
                case Received { Body: CloseSession close } received: Close(received.From, close); break;
                case Received received when received.From == Options.Scheduler: HandleFromScheduler(received.Body); break;
            }
        }

        private void HandleFromScheduler(IMessage body)
        {
            switch (body)
            {
                case Welcome: State = State with { IsWelcome = true }; break;
                case Rejected { Reason: RejectReason.UnknownWorker }: Introduce(); break;
                case Rejected rejected: _effects.Add(new WorkerEffect.Stop($"The scheduler refused this worker: {rejected.Detail}")); break;
            }
        }

        // ---- the way of a step: accepted, batched, answered

        private void Open(string edge, OpenSession open)
        {
            var id = new SessionId(open.SessionId);
            var known = State.Sessions.GetValueOrDefault(id);
            if (known is not null && known.Edge != edge)
            {
                Reject(edge, open.SessionId, open.Epoch, new Refusal(RejectReason.BadRequest, $"Session {id} belongs to another device."));
                return;
            }

            if (known is not null && open.Epoch < known.Epoch)
                return;
            if (known is null || open.Epoch > known.Epoch)
            {
                if (Admission.Check(open, State) is { } refusal)
                {
                    Reject(edge, open.SessionId, open.Epoch, refusal);
                    return;
                }

                var session = new WorkerSession(edge, open.Epoch, open.Sampling.ToOptions(), (int)open.TokenCountMax, AcceptedCount: 0, now)
                {
                    Layers = LayerRange.Back((int)open.SplitLayer, Options.Layers.End),
                    Generated = open.Generated.Select(token => (int)token).ToImmutableList(),
                    Opening = State.OpeningCount,
                    PromptCount = (int)open.PromptCount,
                    Prompt = [.. open.Prompt.Select(token => (int)token)],
                };
                State = State.With(id, session) with { OpeningCount = State.OpeningCount + 1 };
                _effects.Add(new WorkerEffect.CreateCache(id, session.Layers.Count, session.TokenCountMax));
                _effects.Add(new WorkerEffect.Watch(edge));
            }

            Send(edge, new SessionOpened { SessionId = open.SessionId, Epoch = open.Epoch });
        }

        private void Accept(string edge, DecodeStep step)
        {
            var id = new SessionId(step.SessionId);
            if (!State.Sessions.TryGetValue(id, out var session) || session.Edge != edge || step.Epoch > session.Epoch)
            {
                Reject(edge, step.SessionId, step.Epoch, new Refusal(RejectReason.UnknownSession, $"Session {id} is not open here; open it again."));
                return;
            }

            if (step.Epoch < session.Epoch)
                return;
            if (step.Position < session.AcceptedCount)
            {
                Repeat(edge, session, step);
                return;
            }

            if (step.Position > session.AcceptedCount)
            {
                SendExpected(edge, step, session);
                return;
            }

            if (Admission.Check(step, session, State) is { } refusal)
            {
                Reject(edge, step.SessionId, step.Epoch, refusal);
                return;
            }

            State = State with
            {
                Queue = State.Queue.Enqueue(new QueuedStep(id, step, now, session.Opening)),
                QueuedRows = State.QueuedRows + (int)step.TokenCount,
                Sessions = State.Sessions.SetItem(id, session with { AcceptedCount = session.AcceptedCount + (int)step.TokenCount, SeenAt = now }),
            };
        }

        /// <summary>A repeat of an answered step gets the last answer; for one that still waits its device learns that nothing is missing.</summary>
        private void Repeat(string edge, WorkerSession session, DecodeStep step)
        {
            var end = (long)step.Position + step.TokenCount;
            if (end > session.AcceptedCount)
                Reject(edge, step.SessionId, step.Epoch, new Refusal(RejectReason.BadRequest, $"The step covers tokens {step.Position}–{end - 1}; {session.AcceptedCount} are here in other steps."));
            else if (session.LastResult is { } result && end <= result.NextPosition)
                Send(edge, result);
            else
                SendExpected(edge, step, session);
        }

        private void SendExpected(string edge, DecodeStep step, WorkerSession session) =>
            Send(edge, new Nack { SessionId = step.SessionId, Epoch = step.Epoch, ExpectedPosition = (uint)session.AcceptedCount });

        /// <summary>
        /// Takes whole queued steps in order of arrival, up to <see cref="WorkerOptions.BatchRowsMax"/> tokens. Prompts beyond
        /// <see cref="WorkerOptions.PromptRowsMax"/> are passed over, so that those who wait for their next token do not wait for all
        /// prompts. What waits longest is always taken.
        /// </summary>
        public void StartBatch()
        {
            if (State.IsComputing || State.Queue.IsEmpty)
                return;
            var entries = ImmutableArray.CreateBuilder<BatchEntry>();
            var waiting = new List<QueuedStep>();
            var passedOver = new HashSet<SessionId>(); // the steps of a session stay in order
            var (rows, promptRows) = (0, 0);
            foreach (var queued in State.Queue.Where(IsCurrent))
            {
                var count = (int)queued.Step.TokenCount;
                var isPrompt = count > 1;
                var hasRoom = !isPrompt || promptRows == 0 || promptRows + count <= Options.PromptRowsMax;
                if (!hasRoom || rows + count > Options.BatchRowsMax || passedOver.Contains(queued.Session))
                {
                    passedOver.Add(queued.Session);
                    waiting.Add(queued);
                    continue;
                }

                rows += count;
                promptRows += isPrompt ? count : 0;
                entries.Add(new BatchEntry(queued, State.Sessions[queued.Session], now));
            }

            State = State with
            {
                Queue = [.. waiting],
                QueuedRows = waiting.Sum(queued => (int)queued.Step.TokenCount),
                IsComputing = entries.Count > 0,
            };
            if (entries.Count > 0)
                _effects.Add(new WorkerEffect.ComputeBatch(entries.ToImmutable()));
        }

        private void Answer(BatchComputed computed)
        {
            foreach (var result in computed.Results.Where(result => IsCurrent(result.Entry.Queued)))
            {
                if (result.Refusal is null)
                    AnswerDone(result, computed);
                else
                    AnswerRefused(result, result.Refusal);
            }

            State = State.After(computed) with { IsComputing = false };
        }

        private void AnswerDone(EntryResult result, BatchComputed batch)
        {
            var step = result.Entry.Step;
            var answer = new StepResult
            {
                SessionId = step.SessionId,
                Epoch = step.Epoch,
                NextPosition = step.Position + step.TokenCount,
                QueueUs = (uint)(result.Entry.StartedAt - result.Entry.Queued.ArrivedAt).TotalMicroseconds,
                DecodeUs = (uint)batch.DecodeUs,
                ComputeUs = (uint)batch.ComputeUs,
                BatchRows = (uint)batch.RowCount,
            };
            var session = State.Sessions[result.Entry.Queued.Session];
            if (session.AcceptedCount < answer.NextPosition)
                return; // an earlier step of this batch was refused
            if (result.Token is { } token)
            {
                answer.Token = (uint)token;
                session = session with { Generated = session.Generated.Add(token) };
            }

            State = State with { Sessions = State.Sessions.SetItem(result.Entry.Queued.Session, session with { LastResult = answer, KvBytes = result.KvBytes, SeenAt = now }) };
            Send(session.Edge, answer);
        }

        /// <summary>The session goes back to the refused step; what was queued after it is a gap now and will be sent again.</summary>
        private void AnswerRefused(EntryResult result, Refusal refusal)
        {
            var step = result.Entry.Step;
            var id = result.Entry.Queued.Session;
            var session = State.Sessions[id];
            if (session.AcceptedCount < step.Position)
                return;
            var dropped = State.Queue.Where(queued => queued.Session == id).Sum(queued => (int)queued.Step.TokenCount);
            State = State with
            {
                Queue = [.. State.Queue.Where(queued => queued.Session != id)],
                QueuedRows = State.QueuedRows - dropped,
                Sessions = State.Sessions.SetItem(id, session with { AcceptedCount = (int)step.Position }),
            };
            Reject(session.Edge, step.SessionId, step.Epoch, refusal);
        }

        private void Close(string edge, CloseSession close)
        {
            var id = new SessionId(close.SessionId);
            if (IsCurrent(id, close.Epoch) && State.Sessions[id].Edge == edge)
                Drop(id);
        }

        /// <summary>A device that is gone needs no cache; a scheduler that is gone comes back without knowing this worker.</summary>
        private void Forget(string address)
        {
            if (address == Options.Scheduler)
                State = State with { IsWelcome = false };
            foreach (var (id, session) in State.Sessions)
            {
                if (session.Edge == address)
                    Drop(id);
            }
        }

        private void Drop(SessionId id)
        {
            State = State.Without(id);
            _effects.Add(new WorkerEffect.DropCache(id));
        }

        // ---- the scheduler

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

        private void Reject(string to, ulong session, uint epoch, Refusal refusal)
        {
            var mayRetry = refusal.Reason is RejectReason.SessionLimit or RejectReason.QueueFull or RejectReason.Memory;
            Send(to, new Rejected
            {
                SessionId = session,
                Epoch = epoch,
                Reason = refusal.Reason,
                Detail = refusal.Detail,
                RetryAfterMs = mayRetry ? (uint)Options.RetryAfter.TotalMilliseconds : 0,
            });
        }

        private void Send(string to, IMessage body) => _effects.Add(new WorkerEffect.Send(to, body));

        private bool IsCurrent(QueuedStep queued) => State.Sessions.TryGetValue(queued.Session, out var session) && session.Opening == queued.Opening;

        private bool IsCurrent(SessionId id, uint epoch) => State.Sessions.TryGetValue(id, out var session) && session.Epoch == epoch;
    }
}
