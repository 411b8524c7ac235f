using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Trust;

/// <summary>One device, evil, says to a worker whatever it likes, from addresses that are its own; good is another device.</summary>
public sealed class HostileDeviceToWorkerTests
{
    private const string Evil = "edge/evil/1";
    private const string Good = "edge/good/1";
    private const long PageBytes = 16 << 10; // of WorkerStepper's layout: 16 tokens

    [Fact]
    public void Opens_OfOneDevice_LeaveHalfOfThePlacesToOthers()
    {
        var worker = Worker(options => options with { SessionCountMax = 4, DeviceSessionCountMax = null });
        for (var session = 1ul; session <= 4; session++)
            worker.Open(session: session, from: $"edge/evil/{session}");
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal((RejectReason.SessionLimit, 200u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains("edge/evil has 2 sessions with 80 tokens; the worker gives a device 2 sessions", rejected.Detail, StringComparison.Ordinal);
        worker.Open(session: 1, from: Good);
        Assert.Single(worker.Sent<SessionOpened>());
        worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 }, "edge/evil/1");
        worker.Open(session: 4, from: "edge/evil/4");
        Assert.Single(worker.Sent<SessionOpened>());
    }

    [Fact]
    public void Opens_OfOneDevice_LeaveHalfOfTheMemoryToOthers()
    {
        var worker = Worker(options => options with { KvBytesMax = 8 * PageBytes, DeviceTokenCountMax = null }); // 128 tokens
        worker.Open(session: 1, tokenCountMax: 40, from: Evil);
        worker.Open(session: 2, tokenCountMax: 40, from: Evil);
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal((RejectReason.SessionLimit, true), (rejected.Reason, rejected.HasRetryAfterMs));
        Assert.Contains("and 64 tokens", rejected.Detail.Replace("with", "and", StringComparison.Ordinal), StringComparison.Ordinal);
        worker.Open(session: 1, tokenCountMax: 64, from: Good);
        Assert.Single(worker.Sent<SessionOpened>());
    }

    [Fact]
    public void Open_ForMoreThanADeviceMayHave_IsRefusedForGood()
    {
        var worker = Worker(options => options with { DeviceTokenCountMax = 39 });
        worker.Open(tokenCountMax: 40, from: Evil);
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal((RejectReason.ContextLength, false), (rejected.Reason, rejected.HasRetryAfterMs));
        Assert.Contains("asks for 40 tokens; the worker gives a device 39", rejected.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfADeviceThatHasAllItMayHave_TakesTheRoomOfItsOwnSilentSession_AndOfNoOther()
    {
        var worker = Worker(options => options with { SessionCountMax = 10, DeviceSessionCountMax = 2 });
        worker.Open(session: 7, from: Good);
        worker.Now = TimeSpan.FromSeconds(1);
        worker.Open(session: 1, from: Evil);
        worker.Now = TimeSpan.FromSeconds(2);
        worker.Open(session: 2, from: Evil);
        worker.Now = TimeSpan.FromSeconds(31.5);
        worker.Open(session: 3, from: Evil);
        Assert.Equal(SessionKey.Of(Evil, 1), Assert.Single(worker.Effects.OfType<WorkerEffect.DropCache>()).Session);
        worker.Open(session: 4, from: Evil);
        Assert.Equal(RejectReason.SessionLimit, Assert.Single(worker.Sent<Rejected>()).Reason);
        Assert.Equal([SessionKey.Of(Evil, 2), SessionKey.Of(Evil, 3), SessionKey.Of(Good, 7)], worker.State.Sessions.Keys.Order());
    }

    [Fact]
    public void SessionId_OfAnotherDevice_IsASessionOfItsOwn()
    {
        var worker = Worker();
        worker.Open(from: Good);
        worker.Receive(WorkerStepper.DecodeStep(0, 3, samples: true), Good);
        worker.Compute();
        var answer = Assert.Single(worker.Sent<StepResult>());
        var before = worker.State.Sessions[SessionKey.Of(Good, 1)];

        worker.Receive(WorkerStepper.DecodeStep(0, 3, samples: true), Evil); // a repeat would get the stored answer
        Assert.Equal(RejectReason.UnknownSession, Assert.Single(worker.Sent<Rejected>()).Reason);
        worker.Open(epoch: 9, from: Evil);
        worker.Receive(WorkerStepper.DecodeStep(0, 2, epoch: 9), Evil);
        worker.Compute();
        Assert.Equal(2u, Assert.Single(worker.Sent<StepResult>()).NextPosition);
        worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 }, Evil);
        worker.Receive(new CloseSession { SessionId = 1, Epoch = 9 }, Evil);

        Assert.Same(before, worker.State.Sessions[SessionKey.Of(Good, 1)]);
        worker.Receive(WorkerStepper.DecodeStep(0, 3, samples: true), Good);
        Assert.Equal(answer, Assert.Single(worker.Sent<StepResult>()));
    }

    [Fact]
    public void SessionId_TakenBeforehand_DoesNotKeepItsDeviceOut()
    {
        var worker = Worker();
        worker.Open(epoch: uint.MaxValue, from: Evil);
        worker.Open(from: Good);
        Assert.Equal(1u, Assert.Single(worker.Sent<SessionOpened>()).Epoch);
    }

    [Theory]
    [InlineData("worker/2")]
    [InlineData("scheduler")]
    [InlineData("")]
    public void Open_OfWhatIsNoDevice_IsRefused(string from)
    {
        var worker = Worker();
        worker.Open(from: from);
        Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
        Assert.Empty(worker.State.Sessions);
    }

    [Fact]
    public void Refusal_ThatADeviceSends_StopsNoWorker_NorOneOfTheSchedulerThatHasWelcomedIt()
    {
        var worker = Worker();
        worker.Receive(new Rejected { Reason = RejectReason.ModelDigest, Detail = "Go." }, Evil);
        Assert.Empty(worker.Effects);
        worker.Receive(new Welcome(), WorkerStepper.Scheduler);
        worker.Receive(new Rejected { Reason = RejectReason.BadRequest, Detail = "Go." }, WorkerStepper.Scheduler); // of something that a worker sent by mistake
        Assert.Empty(worker.Effects);
    }

    public static TheoryData<OpenSession> AbsurdOpens
    {
        get
        {
            var million = Enumerable.Range(0, 1_000_000).Select(_ => 1u).ToList();
            return
            [
                new(WorkerStepper.OpenSession()) { TokenCountMax = 4_000_000_000 },
                new(WorkerStepper.OpenSession()) { PromptCount = uint.MaxValue },
                new(WorkerStepper.OpenSession()) { Generated = { million } },
                new(WorkerStepper.OpenSession()) { PromptCount = 1, Prompt = { million } },
                new(WorkerStepper.OpenSession()) { Generated = { 100 } },
                new(WorkerStepper.OpenSession()) { PromptCount = 1, Prompt = { uint.MaxValue } },
                new(WorkerStepper.OpenSession()) { ModelDigest = ByteString.CopyFrom(new byte[1_000_000]) },
                new(WorkerStepper.OpenSession()) { Sampling = new Sampling { Temperature = float.PositiveInfinity, TopP = 1, RepetitionPenalty = 1 } },
                new(WorkerStepper.OpenSession()) { Sampling = new Sampling { TopP = float.NaN, RepetitionPenalty = 1 } },
                new(WorkerStepper.OpenSession()) { Sampling = new Sampling { TopP = 1, RepetitionPenalty = -1 } },
            ];
        }
    }

    [Theory]
    [MemberData(nameof(AbsurdOpens), DisableDiscoveryEnumeration = true)]
    public void Open_WithAbsurdNumbers_IsRefusedForGood_WithAShortAnswer(OpenSession open)
    {
        var worker = Worker();
        worker.Receive(open, Evil);
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.False(rejected.HasRetryAfterMs);
        Assert.InRange(rejected.Detail.Length, 1, 500);
        Assert.Empty(worker.State.Sessions);
    }

    [Fact]
    public void Tokens_OutsideTheVocabulary_OrAMillionOfThem_AreRefused()
    {
        var worker = Worker(options => options with { Layers = new(0, 8) });
        worker.Open(from: Evil, splitLayer: 0);
        foreach (var ids in new[] { new TokenIds { Ids = { 100 } }, new TokenIds { Ids = { uint.MaxValue } }, new TokenIds { Ids = { Enumerable.Range(0, 1_000_000).Select(_ => 1u) } } })
        {
            worker.Receive(new DecodeStep { SessionId = 1, Epoch = 1, TokenCount = 1, Tokens = ids }, Evil);
            Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
            Assert.Null(worker.Batch);
        }
    }

    /// <summary>No time left for a token is a promise too: its steps are the most urgent ones.</summary>
    [Fact]
    public void PromiseThatLeavesTheWorkerNothing_IsNotNoPromise()
    {
        var worker = Worker();
        worker.Receive(new OpenSession(WorkerStepper.OpenSession()) { WorkerUs = 0 }, Good);
        worker.Receive(WorkerStepper.OpenSession(session: 2), Good);
        Assert.Equal(TimeSpan.Zero, worker.State.Sessions[SessionKey.Of(Good, 1)].TokenTime);
        Assert.Null(worker.State.Sessions[SessionKey.Of(Good, 2)].TokenTime);
    }

    private static WorkerStepper Worker(Func<WorkerOptions, WorkerOptions>? change = null) => new(change);
}
