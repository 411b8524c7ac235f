using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Backend;

/// <summary>Sessions open, and end when their device says so, is gone, or is silent.</summary>
public static partial class BackendWorker
{
    private sealed partial class Turn
    {
        private void Open(string edge, OpenSession open)
        {
            var id = SessionKey.Of(edge, open.SessionId);
            var known = State.Sessions.GetValueOrDefault(id);
            if (known is not null && known.Edge != edge)
            {
                Reject(edge, open.SessionId, open.Epoch, BelongsToAnother(id));
                return;
            }

            if (known is not null && open.Epoch < known.Epoch)
                return;
            if (known is null || open.Epoch > known.Epoch)
            {
                if (Admission.Check(id.Device, open, State) is { } refusal && !MakeRoom(id, open, refusal))
                {
                    Reject(edge, open.SessionId, open.Epoch, refusal);
                    return;
                }

                var session = new WorkerSession(edge, open.Epoch, open.Sampling.ToOptions(), (int)open.TokenCountMax, AcceptedCount: 0, now)
                {
                    Layers = LayerRange.Back((int)open.SplitLayer, Options.Layers.End),
                    Generated = open.Generated.Select(token => (int)token).ToImmutableList(),
                    Opening = State.OpeningCount,
                    TokenTime = open.HasWorkerUs ? TimeSpan.FromMicroseconds(open.WorkerUs) : null,
                    PromptCount = (int)open.PromptCount,
                    Prompt = [.. open.Prompt.Select(token => (int)token)],
                };
                State = State.With(id, session) with { OpeningCount = State.OpeningCount + 1 };
                _effects.Add(new WorkerEffect.CreateCache(id, session.Layers.Count, session.TokenCountMax));
                _effects.Add(new WorkerEffect.Watch(edge));
            }
            else
            {
                State = State with { Sessions = State.Sessions.SetItem(id, known with { SeenAt = now }) };
            }

            Send(edge, new SessionOpened { SessionId = open.SessionId, Epoch = open.Epoch });
        }

        /// <summary>Evicts idle sessions, if that is what the session lacks.</summary>
        private bool MakeRoom(SessionKey id, OpenSession open, Refusal refusal)
        {
            if (refusal.Reason is not (RejectReason.SessionLimit or RejectReason.Memory))
                return false;
            var evicted = Eviction.Choose(id, open, State, now);
            foreach (var idle in evicted)
                Drop(idle);
            return evicted.Length > 0;
        }

        /// <summary>A session that is not there, or is of another epoch, was closed before.</summary>
        private void Close(string edge, CloseSession close)
        {
            var id = SessionKey.Of(edge, close.SessionId);
            if (!State.Sessions.TryGetValue(id, out var session))
                return;
            if (session.Edge != edge)
                Reject(edge, close.SessionId, close.Epoch, BelongsToAnother(id));
            else if (session.Epoch == close.Epoch)
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

        private static Refusal BelongsToAnother(SessionKey id) =>
            new(RejectReason.BadRequest, $"Session {id} belongs to another process of {id.Device}.");

        private void Drop(SessionKey id)
        {
            State = State.Without(id);
            _effects.Add(new WorkerEffect.DropCache(id));
        }
    }
}
