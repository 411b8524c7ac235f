using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>Steps that wait run together, one pass over the weights at a time, and are answered.</summary>
public static partial class BackendWorker
{
    private sealed partial class Turn
    {
        /// <summary>Of a pass: waiting longer costs nearly as much as it saves.</summary>
        private const double GatherShare = 0.75;

        /// <summary>
        /// Takes whole waiting steps, the most urgent first, up to <see cref="WorkerOptions.BatchRowsMax"/> tokens; the steps of a session stay in order.
        /// Those that nobody waits for token by token have <see cref="WorkerOptions.PromptRowsMax"/> of them, so that the others do not wait for all prompts, and
        /// take turns step by step. A step after one that draws a token waits for the next batch, as the token is part of what it is drawn from. What has waited
        /// longest is always taken: no step that is the first of its session waits for more batches than there are sessions.
        /// </summary>
        public void StartBatch()
        {
            if (State.IsComputing || State.Waiting.IsEmpty || Gathers())
                return;
            var entries = ImmutableArray.CreateBuilder<BatchEntry>();
            var (rows, promptRows) = (0, 0);
            var next = new PriorityQueue<SessionKey, (TimeSpan DueAt, long Turn)>(State.Waiting.Select(waiting => (waiting.Key, waiting.Value.Urgency)));
            Consider(State.Waiting.MinBy(waiting => waiting.Value.Turn).Key);
            while (rows < Options.BatchRowsMax && next.TryDequeue(out var id, out var urgency))
            {
                if (State.Waiting.TryGetValue(id, out var waiting) && waiting.Urgency == urgency) // else it was the one that has waited longest
                    Consider(id);
            }

            State = State with { IsComputing = true, Expected = [] };
            _effects.Add(new WorkerEffect.ComputeBatch(entries.ToImmutable()));

            // A session of which a step has no room is not looked at again, so that its later ones do not overtake it.
            void Consider(SessionKey id)
            {
                var waiting = State.Waiting[id];
                var count = (int)waiting.First.Step.TokenCount;
                var isPrompt = !waiting.First.IsDecode;
                if (rows + count > Options.BatchRowsMax || (isPrompt && promptRows > 0 && promptRows + count > Options.PromptRowsMax))
                    return;
                rows += count;
                promptRows += isPrompt ? count : 0;
                entries.Add(new BatchEntry(waiting.First, State.Sessions[id], now));
                State = State.WithFirstTaken(id, now);
                if (!waiting.First.Step.Samples && State.Waiting.TryGetValue(id, out var rest))
                    next.Enqueue(id, rest.Urgency);
            }
        }

        /// <summary>
        /// Devices that were answered by one batch send their next steps within moments of each other: if the first of them started a batch, all others would wait
        /// for a pass of one token. So a batch waits for those that were quicker the last time than a pass, which they save, takes; devices farther away are not waited for.
        /// </summary>
        private bool Gathers() => State.Expected.Count > 0 && now < State.GatherUntil && State.QueuedRows < Options.BatchRowsMax;

        /// <summary>After a batch.</summary>
        private void Expect(BatchComputed computed)
        {
            var timeMax = State.PassTimeLeast * GatherShare;
            var expected = computed.Results
                .Select(result => result.Entry.Queued.Session)
                .Where(id => State.Sessions.TryGetValue(id, out var session) && session.UnansweredRows == 0 && session.TurnTime < timeMax)
                .ToImmutableHashSet();
            State = State with { Expected = expected, GatherUntil = now + timeMax };
            if (expected.Count > 0)
                _effects.Add(new WorkerEffect.Remind(timeMax));
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
            Expect(computed);
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

            State = State with { Sessions = State.Sessions.SetItem(result.Entry.Queued.Session, session with { LastResult = answer, KvBytes = result.KvBytes, SeenAt = now, AnsweredAt = now }) };
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
            State = State.WithoutWaiting(id);
            State = State with { Sessions = State.Sessions.SetItem(id, session with { AcceptedCount = (int)step.Position }) };
            Reject(session.Edge, step.SessionId, step.Epoch, refusal);
        }
    }
}
