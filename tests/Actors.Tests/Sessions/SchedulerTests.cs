using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class SchedulerTests
{
    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private ImmutableArray<SchedulerEffect> _effects = [];
    private SchedulerState _state = new(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = Digest,
        LayerCount = 8,
        ContextLength = 1024,
        Plan = new FixedPlan(ExecutionMode.Split, 4, CompressionOptions.Default),
        WorkerCountMax = 4,
        SessionCountMax = 6,
    });

    private TimeSpan _now;

    [Fact]
    public void Plans_GoToTheLeastLoadedWorker()
    {
        Greet("worker/1", "worker/2");

        Assert.Equal("worker/1 worker/2 worker/1", $"{Place(1)} {Place(2)} {Place(3)}");
        Receive("edge/2", new CloseSession { SessionId = 2 });
        Assert.Equal("worker/2", Place(4));
    }

    [Fact]
    public void RepeatedRequest_GetsTheSameWorker()
    {
        Greet("worker/1", "worker/2");
        Assert.Equal("worker/1 worker/2", $"{Place(1)} {Place(2)}");
        Receive("edge/1", new CloseSession { SessionId = 1 });

        Assert.Equal("worker/2", Place(2));
        Assert.Equal("worker/1", Place(2, lostWorker: "worker/2"));
    }

    [Fact]
    public void LostWorker_IsTheLastChoiceOfAll_UntilItIsHeard()
    {
        Greet("worker/1", "worker/2", "worker/3");
        Assert.Equal("worker/1", Place(1));
        Assert.Equal("worker/2", Place(1, lostWorker: "worker/1"));
        Assert.Equal("worker/3", Place(2)); // worker/1 has no session, but a device has lost it
        _now += TimeSpan.FromSeconds(1);
        Receive("worker/1", new WorkerStatus());
        Assert.Equal("worker/1", Place(3));
    }

    [Fact]
    public void OnlyWorker_LostByADevice_IsNamedAgain()
    {
        Greet("worker/1");
        Assert.Equal("worker/1", Place(1, lostWorker: "worker/1"));
    }

    [Fact]
    public void SilentAndGoneAndFullWorkers_GetNoSession()
    {
        Greet("worker/1");
        _now += TimeSpan.FromSeconds(6);
        Assert.Null(Place(1));
        Receive("worker/1", new WorkerStatus());
        Assert.Equal("worker/1", Place(1));
        Step(new PeerLost("worker/1"));
        Assert.Null(Place(1));
        Receive("worker/2", Hello(sessionCountMax: 1));
        Assert.Equal("worker/2", Place(2));
        Assert.Null(Place(3));
        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal((RejectReason.NoWorker, 200u), (rejected.Reason, rejected.RetryAfterMs));
    }

    [Fact]
    public void LostDevice_FreesItsPlace()
    {
        Receive("worker/1", Hello(sessionCountMax: 1));
        Assert.Equal("worker/1", Place(1));
        Step(new PeerLost("edge/1"));

        Assert.Equal("worker/1", Place(2));
    }

    [Fact]
    public void UnknownWorker_IsAskedForAHello()
    {
        Receive("worker/1", new WorkerStatus());

        Assert.Equal(RejectReason.UnknownWorker, Assert.IsType<Rejected>(Sent().Single()).Reason);
    }

    [Fact]
    public void OtherProcesses_OfADevice_CannotCloseOrMoveItsSession()
    {
        Greet("worker/1");
        Place(1);
        foreach (var message in (IMessage[])[new CloseSession { SessionId = 1 }, new LinkReport { SessionId = 1 }, new PlanRequest { SessionId = 1, TokenCountMax = 100 }])
        {
            Receive("edge/1/other", message); // another process of the device
            Assert.Equal(RejectReason.BadRequest, Assert.IsType<Rejected>(Sent().Single()).Reason);
        }

        Assert.Equal(new PlacedSession("edge/1", "worker/1") { Revision = 1, TokenCountMax = 100 }, Assert.Single(_state.Sessions).Value);
    }

    public static TheoryData<string, string> BadHellos => new()
    {
        { "version 7, the scheduler 5", """{ "role": "WORKER", "protocolVersion": 7 }""" },
        { "digest (none), the scheduler 010203", """{ "role": "WORKER", "protocolVersion": 5 }""" },
        { "layers 5–7; a worker holds the last ones of 8", """{ "role": "WORKER", "protocolVersion": 5, "modelDigest": "AQID", "firstLayer": 4, "endLayer": 7 }""" },
        { "layers 10–8", """{ "role": "WORKER", "protocolVersion": 5, "modelDigest": "AQID", "firstLayer": 9, "endLayer": 8 }""" },
        { "layers 4294967296–4294967295", """{ "role": "WORKER", "protocolVersion": 5, "modelDigest": "AQID", "firstLayer": 4294967295, "endLayer": 4294967295 }""" },
    };

    [Theory]
    [MemberData(nameof(BadHellos))]
    public void Hello_ThatDoesNotFit_IsRefusedNamingBothSides(string detail, string hello)
    {
        Receive("worker/1", Protocol.Hello.Parser.ParseJson(hello));

        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Contains(detail, rejected.Detail, StringComparison.Ordinal);
        Assert.Equal(0u, rejected.RetryAfterMs);
        Assert.Empty(_state.Workers);
    }

    [Fact]
    public void WorkersAndSessions_BeyondTheLimits_AreRefused()
    {
        Greet("worker/1", "worker/2", "worker/3", "worker/4", "worker/5");
        Assert.Equal(RejectReason.SessionLimit, Assert.IsType<Rejected>(Sent().Single()).Reason);
        for (var session = 1ul; session <= 7; session++)
            Place(session);
        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal((RejectReason.SessionLimit, 200u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Equal(6, _state.Sessions.Count);
    }

    /// <summary>A failure names its seed.</summary>
    [Fact]
    public void Scheduler_WithAnyMessages_NeverThrowsAndKeepsItsBounds()
    {
        string[] addresses = ["edge/1", "edge/2", "worker/1", "worker/2", "scheduler", ""];
        var initial = _state;
        for (var seed = 1ul; seed <= 100; seed++)
        {
            var random = new SplitMix64(seed);
            var messages = new ArbitraryMessages(random);
            _state = initial;
            for (var step = 0; step < 100; step++)
            {
                var from = addresses[random.Next(addresses.Length)];
                _now += TimeSpan.FromSeconds(random.Next(3));
                object message = random.Next(10) switch
                {
                    0 => new PeerLost(from),
                    1 => new Received(from, Hello()),
                    2 => new Received(from, Hello(messages.Number())),
                    _ => new Received(from, messages.Next()),
                };
                try
                {
                    Step(message);
                    Assert.InRange(_state.Workers.Count, 0, 4);
                    Assert.InRange(_state.Sessions.Count, 0, 6);
                    Assert.All(Sent().OfType<Plan>(), plan => Assert.True(_state.Workers.ContainsKey(plan.Worker)));
                }
                catch (Exception exception)
                {
                    throw new InvalidOperationException($"Seed {seed}, step {step}, message {message}.", exception);
                }
            }
        }
    }

    private static Hello Hello(uint sessionCountMax = 10) => new()
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Digest,
        FirstLayer = 4,
        EndLayer = 8,
        SessionCountMax = sessionCountMax,
    };

    private void Greet(params string[] workers)
    {
        foreach (var worker in workers)
            Receive(worker, Hello());
    }

    /// <returns>The planned worker, or null if the session is refused.</returns>
    private string? Place(ulong session, string lostWorker = "")
    {
        Receive($"edge/{session}", new PlanRequest { SessionId = session, LostWorker = lostWorker, TokenCountMax = 100 });
        return (Sent().Single() as Plan)?.Worker;
    }

    private void Receive(string from, IMessage body) => Step(new Received(from, body));

    private void Step(object message)
    {
        var again = Scheduler.Step(_state, message, _now);
        (_state, _effects) = Scheduler.Step(_state, message, _now);
        Assert.Equal(_effects.Select(EffectText.Of), again.Effects.Select(EffectText.Of), StringComparer.Ordinal);
    }

    private IEnumerable<IMessage> Sent() => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);
}
