using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What a batch takes of the steps that wait. A failure of a drawn world names its seed.</summary>
public sealed class BatchOrderTests
{
    private const int WorldCount = 100;
    private const int MessageCount = 300;
    private const int SessionCount = 8;

    private readonly WorkerStepper _worker = new(options => options with
    {
        SessionCountMax = SessionCount,
        QueuedRowsMax = 4096,
        BatchRowsMax = 4,
        PromptRowsMax = 2,
    });

    [Fact]
    public void Batch_ThatCannotHoldAllTokens_TakesTheMostUrgent()
    {
        Busy();
        uint?[] workerUs = [50_000, null, 10_000, 40_000, 30_000, 20_000, 190_000];
        for (var index = 0; index < workerUs.Length; index++)
            OpenWithToken((ulong)index + 2, workerUs[index]);
        _worker.Compute();

        // Session 2 has waited longest; of the others 4, 7 and 6 are due first.
        Assert.Equal([2ul, 4, 7, 6], Taken());
        _worker.Compute();
        Assert.Equal([3ul, 5, 8], Taken()); // 3 has waited longest, though without a promise it is the last to be due
    }

    [Fact]
    public void Tokens_WithoutAPromise_GoInOrderOfArrival()
    {
        Busy();
        for (var session = 2ul; session <= 7; session++)
        {
            OpenWithToken(session, workerUs: null);
            _worker.Now += TimeSpan.FromMilliseconds(1);
        }

        _worker.Compute();
        Assert.Equal([2ul, 3, 4, 5], Taken());
    }

    /// <summary>A device has one such step on its way, but what it sent before its session was opened anew may come behind that.</summary>
    [Fact]
    public void StepBehindOneThatDrawsAToken_WaitsUntilTheTokenIsKnown()
    {
        Busy();
        _worker.Open(session: 2);
        _worker.Receive(WorkerStepper.DecodeStep(0, 1, samples: true, session: 2));
        _worker.Receive(WorkerStepper.DecodeStep(1, 1, samples: true, session: 2));
        _worker.Compute();
        Assert.Equal([2ul], Taken());
        _worker.Compute();
        Assert.Equal([2ul], Taken());
        Assert.Single(_worker.Batch!.Value.Effect.Entries[0].Session.Generated);
    }

    [Fact]
    public void Prompts_TakeTurns_BesideTokens()
    {
        Busy();
        for (var session = 2ul; session <= 4; session++)
        {
            _worker.Open(session: session);
            for (var position = 0u; position < 8; position += 2)
                _worker.Receive(WorkerStepper.DecodeStep(position, 2, session: session));
        }

        OpenWithToken(5, workerUs: null);
        _worker.Compute();
        Assert.Equal([2ul, 5], Taken()); // two tokens of prompts, and whoever waits for the next one
        foreach (var expected in (ulong[])[3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 4])
        {
            _worker.Compute();
            Assert.Equal([expected], Taken());
        }
    }

    [Fact]
    public void Replay_OfSingleTokens_LeavesRoomForThoseWhoWait()
    {
        Busy();
        _worker.Open(session: 2);
        for (var position = 0u; position < 6; position++)
            _worker.Receive(WorkerStepper.DecodeStep(position, 1, session: 2));
        OpenWithToken(3, workerUs: null);
        OpenWithToken(4, workerUs: null);
        _worker.Compute();
        Assert.Equal([2ul, 3, 4, 2], Taken());
    }

    [Fact]
    public void Close_WhileStepsWait_FreesThemAtOnceAndAnswersNothing()
    {
        Busy();
        _worker.Open(session: 2);
        for (var position = 0u; position < 6; position += 2)
            _worker.Receive(WorkerStepper.DecodeStep(position, 2, session: 2));
        Assert.Equal(6, _worker.State.QueuedRows);
        _worker.Receive(new CloseSession { SessionId = 2, Epoch = 1 });
        Assert.Equal((0, 1), (_worker.State.QueuedRows, _worker.State.Sessions.Count));
        Assert.IsType<WorkerEffect.DropCache>(Assert.Single(_worker.Effects));
        _worker.Compute();
        Assert.Null(_worker.Batch);
        Assert.Equal(1ul, Assert.Single(_worker.Sent<StepResult>()).SessionId);
    }

    [Fact]
    public void Close_WhileItsBatchRuns_FreesTheSessionAtOnceAndAnswersTheOthersOnly()
    {
        Busy();
        OpenWithToken(2, workerUs: null);
        OpenWithToken(3, workerUs: null);
        _worker.Compute();
        _worker.Receive(new CloseSession { SessionId = 2, Epoch = 1 });
        Assert.IsType<WorkerEffect.DropCache>(Assert.Single(_worker.Effects));
        Assert.DoesNotContain(SessionKey.Of(WorkerStepper.Edge, 2), _worker.State.Sessions);
        _worker.Compute();
        Assert.Equal(3ul, Assert.Single(_worker.Sent<StepResult>()).SessionId);
    }

    [Fact]
    public void Steps_OfDrawnSessions_NeitherStarveNorOvertakeEachOther()
    {
        var batchCount = 0;
        for (var seed = 1ul; seed <= WorldCount; seed++)
        {
            var world = new World(seed);
            for (var message = 0; message < MessageCount; message++)
                Assert.True(world.Step() is null, $"Seed {seed}, message {message}: {world.Fault}");
            batchCount += world.BatchCount;
        }

        Assert.InRange(batchCount, WorldCount * MessageCount / 10, int.MaxValue);
    }

    /// <summary>A batch runs, so that what comes next waits together.</summary>
    private void Busy() => OpenWithToken(1, workerUs: null);

    private void OpenWithToken(ulong session, uint? workerUs)
    {
        var open = WorkerStepper.OpenSession(session: session);
        if (workerUs is { } microseconds)
            open.WorkerUs = microseconds;
        _worker.Receive(open);
        _worker.Receive(WorkerStepper.DecodeStep(0, 1, session: session, samples: true));
    }

    private IEnumerable<ulong> Taken() => _worker.Batch!.Value.Effect.Entries.Select(entry => entry.Step.SessionId);

    /// <summary>Devices that send prompts, tokens and replays as they like; counts how many batches pass a step by.</summary>
    private sealed class World
    {
        private readonly SplitMix64 _random;
        private readonly WorkerStepper _worker;
        private readonly uint[] _ends = new uint[SessionCount]; // of what was sent
        private readonly Dictionary<SessionKey, int> _passedBy = []; // batches, since the session's first waiting step became the first

        public World(ulong seed)
        {
            _random = new SplitMix64(seed);
            _worker = new WorkerStepper(options => options with
            {
                SessionCountMax = SessionCount,
                QueuedRowsMax = 200,
                BatchRowsMax = 4 + _random.Next(8),
                PromptRowsMax = 1 + _random.Next(8),
                ContextLength = 1 << 20,
                KvBytesMax = 1L << 40,
            });
            for (var session = 0; session < SessionCount; session++)
            {
                var open = WorkerStepper.OpenSession(session: (ulong)session, tokenCountMax: 1 << 20);
                if (_random.Next(2) == 0)
                    open.WorkerUs = (uint)_random.Next(1_000_000);
                _worker.Receive(open);
            }
        }

        public int BatchCount { get; private set; }

        public string? Fault { get; private set; }

        public string? Step()
        {
            _worker.Now += TimeSpan.FromMilliseconds(_random.Next(20));
            var waiting = _worker.State.Waiting;
            if (_worker.Batch is not null && _random.Next(4) == 0)
            {
                _worker.Compute();
                if (_worker.Batch is { } batch)
                    Check(batch.Effect, waiting);
                return Fault;
            }

            var session = _random.Next(SessionCount);
            var step = Draw(session);
            _worker.Receive(step);
            if (_worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, (ulong)session)].AcceptedCount == step.Position + step.TokenCount)
                _ends[session] = step.Position + step.TokenCount;
            return Fault;
        }

        private DecodeStep Draw(int session)
        {
            var count = _random.Next(3) == 0 ? 1 + _random.Next(_worker.State.Options.BatchRowsMax) : 1;
            return WorkerStepper.DecodeStep(_ends[session], (uint)count, session: (ulong)session, samples: _random.Next(3) > 0);
        }

        private void Check(WorkerEffect.ComputeBatch batch, IReadOnlyDictionary<SessionKey, WaitingSteps> waiting)
        {
            BatchCount++;
            foreach (var (id, steps) in waiting)
            {
                var taken = batch.Entries.Where(entry => entry.Queued.Session == id).Select(entry => entry.Queued).ToList();
                if (!taken.SequenceEqual(steps.Steps.Take(taken.Count)))
                    Fault = $"the steps of session {id} were taken out of order";
                _passedBy[id] = taken.Count > 0 ? 0 : _passedBy.GetValueOrDefault(id) + 1;
                if (_passedBy[id] >= SessionCount)
                    Fault = $"{_passedBy[id]} batches passed session {id} by";
            }

            CheckUrgency(batch, waiting);
        }

        /// <summary>Where single tokens did not fit, those that were taken are due earlier; but for what has waited longest.</summary>
        private void CheckUrgency(WorkerEffect.ComputeBatch batch, IReadOnlyDictionary<SessionKey, WaitingSteps> waiting)
        {
            var oldest = waiting.MinBy(steps => steps.Value.Turn).Key;
            var isTaken = batch.Entries.Select(entry => entry.Queued.Session).ToHashSet();
            if (!isTaken.Contains(oldest))
                Fault = "what has waited longest was not taken";
            var tokens = waiting.Where(steps => steps.Value.First.IsDecode && steps.Key != oldest).ToList();
            var left = tokens.Where(steps => !isTaken.Contains(steps.Key)).Select(steps => steps.Value.Urgency).DefaultIfEmpty((TimeSpan.MaxValue, 0)).Min();
            if (tokens.Where(steps => isTaken.Contains(steps.Key)).Any(steps => steps.Value.Urgency.CompareTo(left) > 0))
                Fault = "a token was taken before a more urgent one";
        }
    }
}
