using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Deadlines;

public sealed class SchedulerDeadlineTests
{
    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private SchedulerState _state = new(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = Digest,
        LayerCount = 8,
        ContextLength = 1024,
        Plan = new FixedPlan(ExecutionMode.Split, 4, CompressionOptions.Default),
        WorkerMargin = 1,
    });

    private ImmutableArray<SchedulerEffect> _effects = [];

    /// <summary>Alone a step takes 8.1 ms; with n sessions twice 8 + 0.1·(n + 64).</summary>
    private static readonly WorkerProfile Profile = FlatCosts.WorkerOf(passUs: 8000, rowUs: 100);

    [Fact]
    public void DeadlineWithRoom_IsPromised_AndTheDeviceLearnsWhatIsItsOwn()
    {
        Greet("worker/1");

        var deadline = Place(1, askedUs: 50_000, deviceUs: 5000, linkUs: 20_000)!.Deadline;

        Assert.Equal(new Deadline { PromisedUs = 50_000, DeviceUs = 50_000 - 8100 }, deadline);
    }

    [Fact]
    public void DeadlineWithoutRoom_IsDegradedUpFront_NamingTheParts()
    {
        Greet("worker/1");

        var deadline = Place(1, askedUs: 30_000, deviceUs: 5000, linkUs: 20_000)!.Deadline;

        Assert.Equal(36_410u, deadline.PromisedUs); // 33.1 ms and a tenth
        Assert.Equal("at worst 33.1 ms = device 5.0 ms + link 20.0 ms + worker/1 8.1 ms (1 session)", deadline.Detail);
    }

    [Fact]
    public void HopelessDeadline_IsRejectedUpFront_WithoutRetry()
    {
        Greet("worker/1");

        Assert.Null(Place(1, askedUs: 15_000, deviceUs: 5000, linkUs: 20_000));

        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal((RejectReason.Deadline, 0u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains("15.0 ms for each token cannot be kept", rejected.Detail, StringComparison.Ordinal);
        Assert.Contains("link 20.0 ms", rejected.Detail, StringComparison.Ordinal);
        Assert.Empty(_state.Sessions);
    }

    [Fact]
    public void SessionWithoutDeadline_GetsNone()
    {
        Greet("worker/1");

        Assert.Null(Place(1, askedUs: 0)!.Deadline);
    }

    [Fact]
    public void SecondSession_ThatWouldBreakADeadline_GoesElsewhere_OrWaits()
    {
        Greet("worker/1");
        Assert.Equal("worker/1", Place(1, askedUs: 20_000, deviceUs: 5000, linkUs: 5000)!.Worker);
        Assert.Null(Place(2, askedUs: 0));
        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal((RejectReason.Deadline, 200u), (rejected.Reason, rejected.RetryAfterMs)); // without a deadline of its own it can wait
        Assert.Contains("worker/1, which has 1", rejected.Detail, StringComparison.Ordinal);

        Greet("worker/2");
        Assert.Equal("worker/2", Place(2, askedUs: 0)!.Worker);
    }

    [Fact]
    public void NewSession_ThatLeavesTheOthersTheirTime_ShrinksWhatIsTheirDevices()
    {
        Greet("worker/1");
        var alone = Place(1, askedUs: 80_000)!.Deadline;
        Place(2, askedUs: 80_000);

        var changed = Assert.Single(Sent().OfType<DeadlineChanged>());
        Assert.Equal((1ul, 80_000u), (changed.SessionId, changed.Deadline.PromisedUs));
        Assert.Equal(80_000u - (2 * (8000 + 6600)), changed.Deadline.DeviceUs);
        Assert.True(changed.Deadline.DeviceUs < alone.DeviceUs);

        Receive("edge/2", new CloseSession { SessionId = 2 });
        Assert.Equal(alone.DeviceUs, Assert.Single(Sent().OfType<DeadlineChanged>()).Deadline.DeviceUs);
    }

    [Fact]
    public void WorkerThatGetsSlower_DegradesItsSessions_AndRestoresThem()
    {
        Greet("worker/1");
        Place(1, askedUs: 20_000, deviceUs: 5000, linkUs: 5000);
        Receive("worker/1", Status(batches: 10, usOfBatch: 8100));
        Assert.Empty(Sent());

        Receive("worker/1", Status(batches: 20, usOfBatch: 16_200)); // since the last report: 24.3 ms for each, three times as long
        var degraded = Assert.Single(Sent().OfType<DeadlineChanged>()).Deadline;
        Assert.InRange(degraded.PromisedUs, 34_300u, 40_000u);
        Assert.Contains("worker/1 24.3 ms (1 session)", degraded.Detail, StringComparison.Ordinal);

        for (var report = 3; report < 30; report++)
            Receive("worker/1", Status(batches: 10 * report, usOfBatch: ((8100 * (report - 2)) + 32_400) / report));
        Assert.Equal(20_000u, _state.Sessions[SessionKey.Of("edge/1", 1)].Promise!.PromisedUs);
    }

    [Fact]
    public void LinkThatGetsSlower_DegradesItsSession()
    {
        Greet("worker/1");
        Place(1, askedUs: 40_000, deviceUs: 5000, linkUs: 5000);
        Receive("edge/1", new LinkReport { SessionId = 1, LinkUsWorst = 6000 });
        Assert.Empty(Sent());
        Receive("edge/1", new LinkReport { SessionId = 1, LinkUsWorst = 60_000, DeviceUs = 7000 });

        var degraded = Assert.Single(Sent().OfType<DeadlineChanged>()).Deadline;
        Assert.Equal(82_610u, degraded.PromisedUs); // (7 + 60 + 8.1)·1.1
    }

    [Fact]
    public void RunningSession_IsNeverRejected_OnlyDegraded()
    {
        Greet("worker/1", "worker/2");
        Place(1, askedUs: 20_000, linkUs: 5000);
        Receive("edge/1", new LinkReport { SessionId = 1, LinkUsWorst = 100_000 });

        Receive("edge/1", new PlanRequest { SessionId = 1, DeadlineUs = 20_000, LostWorker = "worker/1", LinkUsWorst = 100_000, TokenCountMax = 10 });

        var plan = Sent().OfType<Plan>().Single();
        Assert.Equal("worker/2", plan.Worker);
        Assert.InRange(plan.Deadline.PromisedUs, 100_000u, 130_000u);
    }

    [Fact]
    public void Sessions_GoWhereTheirTokensFit()
    {
        var profile = Profile.Clone();
        (profile.KvBytesMax, profile.KvBytesPerLayer) = (4000, 10); // of 4 layers each
        Greet(profile, "worker/1", "worker/2");
        Assert.Equal("worker/1 worker/2", $"{Place(1, tokens: 60)!.Worker} {Place(2, tokens: 90)!.Worker}");
        Assert.Equal("worker/1", Place(3, tokens: 40)!.Worker);
        Assert.Null(Place(4, tokens: 20));

        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal((RejectReason.Memory, 200u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains("20 tokens do not fit beside the 100 of other sessions on worker/1, which holds 100", rejected.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void FasterWorker_GetsMoreSessions()
    {
        Greet("worker/1");
        var fast = FlatCosts.WorkerOf(passUs: 4000, rowUs: 50);
        Greet(fast, "worker/2");

        for (var session = 1u; session <= 5; session++)
            Assert.Equal(session == 2 ? "worker/1" : "worker/2", Place(session, askedUs: 0)!.Worker); // alone on the slow one is faster than second on the fast one
    }

    private static WorkerStatus Status(int batches, int usOfBatch) =>
        new() { BatchCount = (ulong)batches, RowsComputed = (ulong)batches, ComputeUsSum = (ulong)(batches * usOfBatch) };

    private void Greet(params string[] workers) => Greet(Profile, workers);

    private void Greet(WorkerProfile profile, params string[] workers)
    {
        foreach (var worker in workers)
        {
            Receive(worker, new Hello
            {
                Role = Role.Worker,
                ProtocolVersion = ProtocolVersion.Current,
                ModelDigest = Digest,
                FirstLayer = 4,
                EndLayer = 8,
                SessionCountMax = 10,
                Profile = profile,
            });
        }
    }

    private Plan? Place(uint session, uint askedUs = 0, uint deviceUs = 0, uint linkUs = 0, uint tokens = 10)
    {
        var request = new PlanRequest { SessionId = session, DeviceUs = deviceUs, LinkUsWorst = linkUs, TokenCountMax = tokens };
        if (askedUs > 0)
            request.DeadlineUs = askedUs;
        Receive($"edge/{session}", request);
        return Sent().OfType<Plan>().SingleOrDefault();
    }

    private void Receive(string from, IMessage body)
    {
        var again = Scheduler.Step(_state, new Received(from, body), TimeSpan.Zero);
        (_state, _effects) = Scheduler.Step(_state, new Received(from, body), TimeSpan.Zero);
        Assert.Equal(_effects.Select(EffectText.Of), again.Effects.Select(EffectText.Of), StringComparer.Ordinal);
    }

    private IEnumerable<IMessage> Sent() => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);
}
