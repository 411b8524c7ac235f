using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Drives <see cref="BackendWorker.Step"/> without actors or model. It keeps the running batch and what the caches would hold, and checks after
/// each step what must always hold: above all that the engine never gets a step that it would throw on.
/// </summary>
internal sealed class WorkerStepper
{
    public const string Edge = "edge/1";
    public const string Scheduler = "scheduler";

    private readonly Dictionary<SessionKey, Cache> _caches = [];

    public WorkerStepper(Func<WorkerOptions, WorkerOptions>? change = null)
    {
        var options = new WorkerOptions
        {
            Address = "worker/1",
            Scheduler = Scheduler,
            ModelDigest = ByteString.CopyFrom(1, 2, 3),
            Layers = new(4, 8),
            ContextLength = 64,
            VocabularySize = 100,
            KvLayout = new(layerCount: 4, kvHeadCount: 1, headDim: 64, KvFormat.Float16), // 16 KiB for 16 tokens
            SessionCountMax = 3,
            DeviceSessionCountMax = 1000, // one device plays them all
            DeviceTokenCountMax = long.MaxValue,
            QueuedRowsMax = 12,
            BatchRowsMax = 8,
        };
        State = new WorkerState(change?.Invoke(options) ?? options);
    }

    public WorkerState State { get; private set; }

    public TimeSpan Now { get; set; }

    public ImmutableArray<WorkerEffect> Effects { get; private set; } = [];

    /// <summary>The batch that runs, with the caches that it got.</summary>
    public (WorkerEffect.ComputeBatch Effect, ImmutableArray<Cache> Caches)? Batch { get; private set; }

    public IEnumerable<T> Sent<T>()
        where T : IMessage => Effects.OfType<WorkerEffect.Send>().Select(send => send.Body).OfType<T>();

    public void Step(object message)
    {
        var before = State;
        if (message is BatchComputed)
            Batch = null;
        var (state, effects) = BackendWorker.Step(before, message, Now);
        var again = BackendWorker.Step(before, message, Now);
        Assert.Equal(effects.Select(EffectText.Of), again.Effects.Select(EffectText.Of), StringComparer.Ordinal);

        State = state;
        Effects = effects;
        foreach (var effect in effects)
            Apply(effect);
        CheckInvariants();
    }

    public void Receive(IMessage body, string from = Edge) => Step(new Received(from, body));

    public void Open(uint epoch = 1, ulong session = 1, uint tokenCountMax = 40, string from = Edge, uint splitLayer = 4) =>
        Receive(OpenSession(epoch, session, tokenCountMax, splitLayer), from);

    public static OpenSession OpenSession(uint epoch = 1, ulong session = 1, uint tokenCountMax = 40, uint splitLayer = 4) => new()
    {
        SessionId = session,
        Epoch = epoch,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = ByteString.CopyFrom(1, 2, 3),
        SplitLayer = splitLayer,
        TokenCountMax = tokenCountMax,
        Sampling = new Sampling { TopP = 1, RepetitionPenalty = 1 },
    };

    public static DecodeStep DecodeStep(uint position, uint tokenCount, uint epoch = 1, ulong session = 1, bool samples = false) => new()
    {
        SessionId = session,
        Epoch = epoch,
        Position = position,
        TokenCount = tokenCount,
        Samples = samples,
        Frame = ByteString.CopyFromUtf8("frame"),
    };

    /// <summary>The batch runs; the steps for which <paramref name="isRefused"/> holds, and those that follow them, have bad frames.</summary>
    public void Compute(Func<DecodeStep, bool>? isRefused = null)
    {
        var (effect, caches) = Batch!.Value;
        var results = new List<EntryResult>();
        var refusals = new List<EntryResult>();
        for (var i = 0; i < caches.Length; i++)
        {
            var entry = effect.Entries[i];
            var isAfterRefused = refusals.Exists(result => result.Entry.Queued.Session == entry.Queued.Session);
            if (isAfterRefused || isRefused?.Invoke(entry.Step) == true)
            {
                refusals.Add(new EntryResult(entry, null, new Refusal(RejectReason.BadFrame, "Bad."), 1));
                continue;
            }

            caches[i].Write(entry.Step);
            results.Add(new EntryResult(entry, entry.Step.Samples ? 7 : null, null, 1));
        }

        Step(new BatchComputed([.. results, .. refusals], DecodeUs: 3, ComputeUs: 5));
    }

    private void Apply(WorkerEffect effect)
    {
        switch (effect)
        {
            case WorkerEffect.CreateCache create: _caches[create.Session] = new Cache(create.TokenCountMax); break;
            case WorkerEffect.DropCache drop: Assert.True(_caches.Remove(drop.Session)); break;
            case WorkerEffect.ComputeBatch batch:
                Assert.Null(Batch); // never two at once
                Assert.NotEmpty(batch.Entries);
                Assert.InRange(batch.Entries.Sum(entry => (long)entry.Step.TokenCount), 1, State.Options.BatchRowsMax);
                Batch = (batch, [.. batch.Entries.Select(entry => _caches[entry.Queued.Session])]);
                break;
            case WorkerEffect.Send send: Assert.NotNull(send.Body.ToByteArray()); break;
        }
    }

    private void CheckInvariants()
    {
        Assert.Equal(State.Queue.Sum(queued => (long)queued.Step.TokenCount), State.QueuedRows);
        Assert.InRange(State.QueuedRows, 0, State.Options.QueuedRowsMax);
        Assert.InRange(State.Sessions.Count, 0, State.Options.SessionCountMax);
        Assert.Equal(Batch is not null, State.IsComputing);
        Assert.All(State.Waiting, waiting => Assert.True(State.Sessions.ContainsKey(waiting.Key) && !waiting.Value.Steps.IsEmpty));
        Assert.True(State.IsComputing || State.Waiting.IsEmpty || (State.Expected.Count > 0 && Now < State.GatherUntil), "Steps wait though no batch runs.");
        Assert.Equal(State.Sessions.Keys.Order(), _caches.Keys.Order());
        foreach (var session in State.Sessions.Values)
        {
            Assert.InRange(session.AcceptedCount, 0, session.TokenCountMax);
            Assert.InRange(session.TokenCountMax, 1, State.Options.ContextLength);
            Assert.InRange(session.Layers.First, State.Options.Layers.First, State.Options.Layers.End - 1);
        }

        Assert.Equal(State.Sessions.Values.Sum(session => State.Options.KvLayout.WithLayers(session.Layers.Count).BytesFor(session.TokenCountMax)), State.KvReservations.Bytes);
        foreach (var device in State.Sessions.GroupBy(session => session.Key.Device))
        {
            var holding = new DeviceHolding(device.Count(), device.Sum(session => (long)session.Value.TokenCountMax));
            Assert.Equal(holding, State.Holdings.Of(device.Key));
            Assert.True(State.Options.DeviceLimit.Holds(holding), $"{device.Key} has {holding}.");
        }

        Assert.InRange(State.KvReservations.BytesKept, State.KvReservations.Bytes, State.Options.KvBytesMax);
    }

    /// <summary>The rules of a key-value cache: no gap, no token beyond the room.</summary>
    internal sealed class Cache(int tokenCountMax)
    {
        private long _tokenCount;

        public void Write(DecodeStep step)
        {
            Assert.InRange(step.Position, 0, _tokenCount);
            _tokenCount = (long)step.Position + step.TokenCount;
            Assert.InRange(_tokenCount, 1, tokenCountMax);
        }
    }
}
