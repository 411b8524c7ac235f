using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>
/// Sessions arrive twice as fast as a worker can serve them, in virtual time. None is lost: each is refused in so many words, or opened and then
/// completed or refused. <see cref="WorkerStepper"/> checks the bounds of memory, places and queue after each message.
/// </summary>
public sealed class BatchOverloadTests
{
    private const int ArrivalCount = 800;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sessions_TwiceAsManyAsCanBeServed_AllEndInSoManyWords(ulong seed)
    {
        var world = new World(seed);
        world.Run();
        var sessions = world.Devices.ToList();

        Assert.DoesNotContain(sessions, device => device.Outcome == Outcome.None);
        Assert.Equal(sessions.Count(device => device.IsOpen), sessions.Count(device => device.Outcome is Outcome.Completed or Outcome.Failed));
        Assert.Equal(sessions.Count(device => !device.IsOpen), sessions.Count(device => device.Outcome == Outcome.Refused));
        Assert.Empty(world.Worker.State.Sessions);
        Assert.Equal((0, 0L), (world.Worker.State.QueuedRows, world.Worker.State.KvReservations.BytesKept));

        var completedCount = sessions.Count(device => device.Outcome == Outcome.Completed);
        Assert.InRange(completedCount, 0.9 * World.SaturationPerSecond * world.ArrivalTime.TotalSeconds, ArrivalCount * 0.75); // it works at its limit, and was asked for more
        var tokenTimes = sessions.SelectMany(device => device.TokenTimes).Order().ToList();
        Assert.InRange(tokenTimes[(int)(tokenTimes.Count * 0.99)], TimeSpan.Zero, 3 * World.BatchTimeMax); // whoever is in gets tokens
    }

    [Fact]
    public void Run_OfOneSeed_IsRepeatable()
    {
        var worlds = Enumerable.Range(0, 2).Select(_ => new World(7)).ToList();
        worlds.ForEach(world => world.Run());
        Assert.Equal(worlds[0].Devices.Select(device => (device.Outcome, device.AttemptCount)), worlds[1].Devices.Select(device => (device.Outcome, device.AttemptCount)));
    }

    private enum Outcome
    {
        None,
        Completed,
        Failed,
        Refused,
    }

    /// <summary>Events by time; a batch takes a time that grows with its tokens.</summary>
    private sealed class World(ulong seed)
    {
        public const int PromptCount = 8;
        public const int TokenCount = 16;
        private const int BatchRowsMax = 16;
        private const double PassMs = 10;
        private const double RowMs = 1;

        /// <summary>With full batches.</summary>
        public const double SaturationPerSecond = 1000 / ((PassMs / BatchRowsMax) + RowMs) / (PromptCount + TokenCount - 1);

        public static readonly TimeSpan BatchTimeMax = TimeSpan.FromMilliseconds(PassMs + (RowMs * BatchRowsMax));

        private readonly SplitMix64 _random = new(seed);
        private readonly PriorityQueue<Action, (TimeSpan At, long Number)> _events = new();
        private readonly Dictionary<ulong, Device> _devices = [];
        private long _eventCount;
        private bool _isBatchTimed;

        public WorkerStepper Worker { get; } = new(options => options with
        {
            SessionCountMax = 24,
            KvBytesMax = 20 * 2 * (16 << 10), // 20 sessions of two pages
            QueuedRowsMax = 48,
            BatchRowsMax = BatchRowsMax,
            PromptRowsMax = 8,
        });

        public IEnumerable<Device> Devices => _devices.OrderBy(device => device.Key).Select(device => device.Value);

        public TimeSpan ArrivalTime { get; } = TimeSpan.FromSeconds(ArrivalCount / (2 * SaturationPerSecond));

        public void Run()
        {
            for (var index = 0; index < ArrivalCount; index++)
            {
                var id = (ulong)index + 1;
                _devices[id] = new Device(id, this);
                After(ArrivalTime * (index + (0.001 * _random.Next(1000))) / ArrivalCount, _devices[id].Send);
            }

            while (_events.TryDequeue(out var act, out var when))
            {
                Worker.Now = when.At;
                act();
            }
        }

        public void After(TimeSpan delay, Action act) => _events.Enqueue(act, (Worker.Now + delay, _eventCount++));

        /// <summary>Reaches the worker after a while; what it answers reaches the device likewise.</summary>
        public void SendToWorker(IMessage body) => After(Delay(), () => Take(() => Worker.Receive(body)));

        private TimeSpan Delay() => TimeSpan.FromMilliseconds(1 + (0.01 * _random.Next(1000)));

        private void Take(Action step)
        {
            step();
            foreach (var body in Worker.Effects.OfType<WorkerEffect.Send>().Select(send => send.Body))
            {
                if (SessionOf(body) is { } session)
                    After(Delay(), () => _devices[session].Receive(body));
            }

            if (Worker.Batch is not { } batch || _isBatchTimed)
                return;
            _isBatchTimed = true;
            After(TimeSpan.FromMilliseconds(PassMs + (RowMs * batch.Effect.Entries.Sum(entry => entry.Step.TokenCount))), () =>
            {
                _isBatchTimed = false;
                Take(() => Worker.Compute());
            });
        }

        private static ulong? SessionOf(IMessage body) => body switch
        {
            SessionOpened opened => opened.SessionId,
            StepResult result => result.SessionId,
            Rejected rejected => rejected.SessionId,
            _ => null,
        };
    }

    /// <summary>Opens a session, and sends a step when the one before is answered; gives up after some refusals in a row.</summary>
    private sealed class Device(ulong id, World world)
    {
        private const int AttemptsMax = 4;

        private int _refusedInARow;
        private int _tokenCount;
        private TimeSpan? _tokenAt;

        public bool IsOpen { get; private set; }

        public int AttemptCount { get; private set; }

        public Outcome Outcome { get; private set; }

        public List<TimeSpan> TokenTimes { get; } = [];

        public void Send()
        {
            AttemptCount++;
            world.SendToWorker(IsOpen ? NextStep() : WorkerStepper.OpenSession(session: id, tokenCountMax: World.PromptCount + World.TokenCount));
        }

        public void Receive(IMessage body)
        {
            Assert.Equal(Outcome.None, Outcome);
            switch (body)
            {
                case Rejected { RetryAfterMs: > 0 } rejected when ++_refusedInARow < AttemptsMax:
                    world.After(TimeSpan.FromMilliseconds(rejected.RetryAfterMs), Send);
                    break;
                case Rejected:
                    End(IsOpen ? Outcome.Failed : Outcome.Refused);
                    break;
                default:
                    _refusedInARow = 0;
                    Advance(body);
                    break;
            }
        }

        private void Advance(IMessage body)
        {
            IsOpen = true;
            if (body is StepResult { HasToken: true })
            {
                if (_tokenAt is { } before)
                    TokenTimes.Add(world.Worker.Now - before);
                (_tokenAt, _tokenCount) = (world.Worker.Now, _tokenCount + 1);
            }

            if (_tokenCount == World.TokenCount)
                End(Outcome.Completed);
            else
                Send();
        }

        private DecodeStep NextStep() => _tokenCount == 0
            ? WorkerStepper.DecodeStep(0, World.PromptCount, session: id, samples: true)
            : WorkerStepper.DecodeStep((uint)(World.PromptCount + _tokenCount - 1), 1, session: id, samples: true);

        private void End(Outcome outcome)
        {
            Outcome = outcome;
            if (IsOpen)
                world.SendToWorker(new CloseSession { SessionId = id, Epoch = 1 });
        }
    }
}
