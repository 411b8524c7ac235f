using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>Steps that wait run together, one pass over the weights at a time, and are answered.</summary>
public static partial class BackendWorker
{
    private sealed partial class Turn
    {
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
    }
}
