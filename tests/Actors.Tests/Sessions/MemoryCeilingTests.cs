using System.Collections.Immutable;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Sessions of all splits open, compute and close in any order, on real memory: what the pools take from the operating system never exceeds the ceiling,
/// and no admitted session lacks a page. A failure names its seed.
/// </summary>
public sealed class MemoryCeilingTests
{
    private const int WorldCount = 60;
    private const int StepCount = 150;

    [Fact]
    public void Pools_WithSessionsOfAnySplitsAndLengths_StayBelowTheCeiling()
    {
        var (refusalCount, fullCount) = (0, 0);
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            using var world = new World(seed);
            try
            {
                for (var step = 0; step < StepCount; step++)
                    world.TakeStep();
                world.CloseAll();
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}.", exception);
            }

            refusalCount += world.MemoryRefusalCount;
            fullCount += world.IsFullCount;
        }

        Assert.InRange(refusalCount, WorldCount, int.MaxValue); // the ceiling is reached
        Assert.InRange(fullCount, WorldCount, int.MaxValue);
    }

    /// <summary>A worker's state, and the caches of its sessions in real pools.</summary>
    private sealed class World : IDisposable
    {
        private const int SessionIds = 6;

        private static readonly Segment Whole = Quill.Back(0);

        private readonly SplitMix64 _random;
        private readonly Dictionary<SessionKey, KvCache> _caches = [];
        private readonly KvPagePools _pools;
        private readonly Workspace _workspace = new(Quill.Config, 64, ComputeThreads.Single);
        private readonly uint[] _epochs = new uint[SessionIds];
        private WorkerState _state;
        private List<(BatchEntry Entry, KvCache Cache)> _batch = []; // that runs, its caches retained

        public World(ulong seed)
        {
            _random = new SplitMix64(seed);
            var options = new WorkerOptions
            {
                Address = "worker/1",
                Scheduler = "scheduler",
                ModelDigest = Quill.Digest,
                Layers = Whole.Layers,
                ContextLength = Quill.Config.ContextLength,
                VocabularySize = Quill.Config.VocabularySize,
                KvLayout = Whole.KvLayout(KvFormat.Int4),
                BatchRowsMax = 64,
                DeviceSessionCountMax = 64,
                DeviceTokenCountMax = long.MaxValue,
            };
            options = options with { KvBytesMax = options.KvLayout.BytesFor(160 + (16 * _random.Next(10))) };
            _state = new WorkerState(options);
            _pools = new KvPagePools(options.KvLayout, options.KvBytesMax);
        }

        public int MemoryRefusalCount { get; private set; }

        /// <summary>Steps after which at least three quarters of the ceiling are taken.</summary>
        public int IsFullCount { get; private set; }

        private static long BytesMaxOf(WorkerState state) => state.Options.KvBytesMax;

        public void TakeStep()
        {
            var session = _random.Next(SessionIds);
            switch (_random.Next(8))
            {
                case < 2: Receive(Open(session, ++_epochs[session])); break;
                case 2: Receive(new CloseSession { SessionId = (ulong)session, Epoch = _epochs[session] }); break;
                case < 5 when _batch.Count > 0: Compute(); break;
                default: Receive(Next(session)); break;
            }

            IsFullCount += 4 * _pools.BytesAllocated >= 3 * BytesMaxOf(_state) ? 1 : 0;
        }

        public void CloseAll()
        {
            Step(new PeerLost("edge/1"));
            Assert.Equal(0, _state.KvReservations.BytesKept);
            if (_batch.Count > 0)
                Compute();
            Assert.Equal((0, 0), (_pools.BytesInUse, _pools.BytesAllocated));
        }

        public void Dispose()
        {
            _pools.Dispose();
            _workspace.Dispose();
        }

        private OpenSession Open(int session, uint epoch) => new()
        {
            SessionId = (ulong)session,
            Epoch = epoch,
            ProtocolVersion = ProtocolVersion.Current,
            ModelDigest = Quill.Digest,
            SplitLayer = (uint)_random.Next(Quill.Config.LayerCount),
            TokenCountMax = (uint)(1 + _random.Next(180)),
            Sampling = new Sampling { TopP = 1, RepetitionPenalty = 1 },
        };

        private DecodeStep Next(int session) => new()
        {
            SessionId = (ulong)session,
            Epoch = _epochs[session],
            Position = (uint)(_state.Sessions.GetValueOrDefault(SessionKey.Of("edge/1", (ulong)session))?.AcceptedCount ?? 0),
            TokenCount = (uint)(1 + _random.Next(40)),
            Frame = Google.Protobuf.ByteString.Empty,
        };

        private void Receive(Google.Protobuf.IMessage body) => Step(new Received("edge/1", body));

        private void Step(object message)
        {
            (_state, var effects) = BackendWorker.Step(_state, message, TimeSpan.Zero);
            foreach (var effect in effects)
                Apply(effect);
            Assert.InRange(_state.KvReservations.BytesKept, 0, BytesMaxOf(_state));
            Assert.InRange(_pools.BytesAllocated, 0, BytesMaxOf(_state));
        }

        private void Apply(WorkerEffect effect)
        {
            switch (effect)
            {
                case WorkerEffect.CreateCache create:
                    Drop(create.Session);
                    _caches[create.Session] = _pools.OpenCache(create.LayerCount, create.TokenCountMax);
                    break;
                case WorkerEffect.DropCache drop: Drop(drop.Session); break;
                case WorkerEffect.ComputeBatch batch:
                    _batch = [.. batch.Entries.Select(entry => (entry, _caches[entry.Queued.Session]))];
                    Assert.All(_batch, work => Assert.True(work.Cache.TryRetain()));
                    break;
                case WorkerEffect.Send { Body: Rejected { Reason: RejectReason.Memory } }: MemoryRefusalCount++; break;
            }
        }

        private void Drop(SessionKey session)
        {
            if (_caches.Remove(session, out var cache))
                _pools.CloseCache(cache);
        }

        /// <summary>As the engine does, but on whatever the hidden states are; closed caches that the batch retains grow too.</summary>
        private void Compute()
        {
            var works = _batch.OrderByDescending(work => work.Cache.Layout.LayerCount).ToList();
            var rows = works.Select(work => new SequenceRows(work.Cache, (int)work.Entry.Step.Position, (int)work.Entry.Step.TokenCount)).ToArray();
            Whole.Forward(rows, new float[rows.Sum(entry => entry.Count) * Quill.Config.HiddenSize], _workspace);
            Assert.InRange(_pools.BytesAllocated, 0, BytesMaxOf(_state));
            _batch = [];
            works.ForEach(work => work.Cache.Release());
            Step(new BatchComputed([.. works.Select(work => new EntryResult(work.Entry, null, null, work.Cache.ByteCount))], DecodeUs: 1, ComputeUs: 1));
        }
    }
}
