using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class BackendWorkerTests
{
    private readonly WorkerStepper _worker = new();

    [Fact]
    public void Repeat_OfAnAnsweredStep_GetsTheStoredAnswer()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3, samples: true));
        _worker.Compute();
        var answer = Assert.Single(_worker.Sent<StepResult>());
        _worker.Receive(Step(0, 3, samples: true));

        Assert.Equal(answer, Assert.Single(_worker.Sent<StepResult>()));
        Assert.Null(_worker.Batch);
    }

    [Fact]
    public void Repeat_OfAWaitingStep_GetsOneAnswerInTheEnd()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3, samples: true));
        _worker.Receive(Step(0, 3, samples: true));
        Assert.Equal(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 3 }, Assert.Single(_worker.Sent<Nack>()));
        _worker.Compute();

        Assert.Single(_worker.Sent<StepResult>());
        Assert.Null(_worker.Batch);
    }

    [Fact]
    public void Gap_IsAnsweredWithTheExpectedPosition()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3));
        _worker.Receive(Step(5, 1));

        Assert.Equal(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 3, Position = 5 }, Assert.Single(_worker.Sent<Nack>()));
    }

    /// <summary>A step without tokens weighs nothing, however much its device has sent.</summary>
    [Fact]
    public void Question_WhatArrived_IsAnsweredWithWhatIsKnown()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3));
        Assert.Equal(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 3, Position = 5 }, Ask(5)); // a gap
        Assert.Equal(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 3, Position = 3 }, Ask(3)); // all is here, and waits

        _worker.Receive(Step(3, 2, samples: true));
        Assert.Equal(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 5, Position = 3 }, Ask(3)); // and what was sent since
        _worker.Compute();
        while (_worker.Batch is not null)
            _worker.Compute();
        Assert.Equal(5u, Assert.IsType<StepResult>(Ask(5)).NextPosition); // the answer was lost
        Assert.Equal(RejectReason.UnknownSession, Assert.IsType<Rejected>(Ask(5, session: 7)).Reason);
        Assert.Equal(5, Assert.Single(_worker.State.Sessions).Value.AcceptedCount);

        IMessage Ask(uint position, ulong session = 1)
        {
            _worker.Receive(new DecodeStep { SessionId = session, Epoch = 1, Position = position });
            return Assert.Single(_worker.Sent<IMessage>());
        }
    }

    [Fact]
    public void Overlap_IsRefused()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3));
        _worker.Receive(Step(2, 4));

        Assert.Equal(RejectReason.BadRequest, Assert.Single(_worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public void StaleEpoch_OfStepOpenAndClose_ChangesNothing()
    {
        _worker.Open(epoch: 5);
        var before = _worker.State;
        _worker.Receive(Step(0, 1, epoch: 4));
        _worker.Open(epoch: 4);
        _worker.Receive(new CloseSession { SessionId = 1, Epoch = 4 });

        Assert.Empty(_worker.Effects);
        Assert.Equal(before, _worker.State);
    }

    [Fact]
    public void RepeatedOpen_KeepsTheSession()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3));
        _worker.Open();

        Assert.Equal(new SessionOpened { SessionId = 1, Epoch = 1 }, Assert.Single(_worker.Sent<SessionOpened>()));
        Assert.Equal(3, Assert.Single(_worker.State.Sessions).Value.AcceptedCount);
    }

    [Fact]
    public void HigherEpoch_WhileABatchRuns_StartsAnewAndDropsTheOldAnswer()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3));
        _worker.Receive(Step(3, 8));
        _worker.Open(epoch: 2);
        _worker.Compute();

        Assert.Empty(_worker.Sent<StepResult>());
        Assert.Null(_worker.Batch); // the waiting step of the old epoch is gone too
        Assert.Equal(0, _worker.State.QueuedRows);
        _worker.Receive(Step(0, 3, epoch: 2));
        _worker.Compute();
        Assert.Equal((2u, 3u), Assert.Single(_worker.Sent<StepResult>()) is { } result ? (result.Epoch, result.NextPosition) : default);
    }

    [Fact]
    public void HigherEpoch_ThatAlreadySendsWhileTheOldBatchRuns_GetsItsOwnAnswersOnly()
    {
        _worker.Open();
        _worker.Receive(Step(0, 3, samples: true));
        _worker.Open(epoch: 2);
        _worker.Receive(Step(0, 3, epoch: 2, samples: true));
        _worker.Compute();

        Assert.Empty(_worker.Sent<StepResult>());
        Assert.Null(_worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, 1)].LastResult);
        Assert.Empty(_worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, 1)].Generated);
        _worker.Compute();
        Assert.Equal(2u, Assert.Single(_worker.Sent<StepResult>()).Epoch);
    }

    /// <summary>Waiting cannot help it.</summary>
    [Fact]
    public void StepLargerThanAnyQueueThatItMayWaitIn_IsRefusedForGood()
    {
        var worker = new WorkerStepper(options => options with { QueuedRowsMax = 6 });
        worker.Open();
        worker.Receive(Step(0, 7));
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal((RejectReason.BadRequest, 0u, "The step has 7 tokens; a step may have 1–6."), (rejected.Reason, rejected.RetryAfterMs, rejected.Detail));
    }

    [Fact]
    public void FullQueue_IsRefusedWithADelay_AndTakesTheRepeatLater()
    {
        _worker.Open();
        _worker.Receive(Step(0, 8));
        _worker.Receive(Step(8, 8));
        _worker.Receive(Step(16, 8));

        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal((RejectReason.QueueFull, 200u), (rejected.Reason, rejected.RetryAfterMs));
        _worker.Compute();
        _worker.Receive(Step(16, 8));
        Assert.Empty(_worker.Sent<Rejected>());
    }

    [Fact]
    public void Session_WithTooManyWaitingTokens_IsRefusedWhileOthersAreNot()
    {
        var worker = new WorkerStepper(options => options with { SessionQueuedRowsMax = 9 });
        worker.Open();
        worker.Open(session: 2);
        worker.Receive(Step(0, 8));
        worker.Receive(Step(8, 2));
        Assert.Equal(RejectReason.QueueFull, Assert.Single(worker.Sent<Rejected>()).Reason);
        worker.Receive(Step(0, 8, session: 2));
        Assert.Empty(worker.Sent<Rejected>());
        worker.Compute();
        worker.Receive(Step(8, 2));
        Assert.Empty(worker.Sent<Rejected>());
    }

    [Fact]
    public void OneSessionTooMany_IsRefusedWithADelay()
    {
        for (var session = 1ul; session <= 4; session++)
            _worker.Open(session: session);

        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal((RejectReason.SessionLimit, 200u, 4ul), (rejected.Reason, rejected.RetryAfterMs, rejected.SessionId));
        _worker.Open(epoch: 2, session: 3);
        Assert.Single(_worker.Sent<SessionOpened>());
    }

    [Fact]
    public void BadFrame_InTheMiddle_GoesBackToItAndRecovers()
    {
        _worker.Open();
        for (var position = 0u; position < 6; position += 2)
            _worker.Receive(Step(position, 2));
        _worker.Compute(); // the first, alone
        _worker.Receive(Step(6, 2));
        _worker.Compute(isRefused: step => step.Position == 2);

        Assert.Equal(RejectReason.BadFrame, Assert.Single(_worker.Sent<Rejected>()).Reason);
        Assert.Equal(2, _worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, 1)].AcceptedCount);
        _worker.Receive(Step(6, 2));
        Assert.Equal(2u, Assert.Single(_worker.Sent<Nack>()).ExpectedPosition);
        for (var position = 2u; position < 8; position += 2)
            _worker.Receive(Step(position, 2));
        _worker.Compute();
        _worker.Compute();
        Assert.Equal(8u, _worker.Sent<StepResult>().Last().NextPosition);
    }

    [Fact]
    public void TokenThatCannotBeDrawn_RefusesTheLaterStepsToo()
    {
        _worker.Open();
        _worker.Receive(Step(0, 2, samples: true));
        _worker.Receive(Step(2, 2));
        var entry = Assert.Single(_worker.Batch!.Value.Effect.Entries);
        _worker.Step(new BatchComputed([new EntryResult(entry, null, new Refusal(RejectReason.BadRequest, "Not finite."), 1)], DecodeUs: 1, ComputeUs: 1));

        Assert.Equal(RejectReason.BadRequest, Assert.Single(_worker.Sent<Rejected>()).Reason);
        Assert.Empty(_worker.Sent<StepResult>());
        Assert.Equal(0, _worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, 1)].AcceptedCount);
        Assert.False(_worker.State.IsComputing);
        Assert.Empty(_worker.State.Waiting);
    }

    [Fact]
    public void UnknownSession_IsRefusedSo()
    {
        _worker.Receive(Step(0, 1));
        Assert.Equal(RejectReason.UnknownSession, Assert.Single(_worker.Sent<Rejected>()).Reason);
        _worker.Open();
        _worker.Receive(Step(0, 1, epoch: 2));
        Assert.Equal(RejectReason.UnknownSession, Assert.Single(_worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public void OtherProcesses_OfADevice_CannotUseItsSession()
    {
        _worker.Open();
        _worker.Receive(Step(0, 1), from: "edge/1/other");
        Assert.Equal(RejectReason.BadRequest, Assert.Single(_worker.Sent<Rejected>()).Reason);
        _worker.Open(epoch: 9, from: "edge/1/other");
        Assert.Equal(RejectReason.BadRequest, Assert.Single(_worker.Sent<Rejected>()).Reason);
        _worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 }, from: "edge/1/other");
        Assert.Equal(RejectReason.BadRequest, Assert.Single(_worker.Sent<Rejected>()).Reason);
        Assert.Single(_worker.State.Sessions);
    }

    [Fact]
    public void LostDevice_FreesItsSessions()
    {
        _worker.Open();
        _worker.Open(session: 2, from: "edge/2");
        _worker.Step(new PeerLost(WorkerStepper.Edge));

        Assert.Equal(SessionKey.Of("edge/2", 2), Assert.Single(_worker.State.Sessions).Key);
    }

    [Fact]
    public void IdleSession_IsDropped_OneInUseIsNot()
    {
        _worker.Open();
        _worker.Open(session: 2);
        _worker.Now = TimeSpan.FromMinutes(8);
        _worker.Receive(Step(0, 1, session: 2));
        _worker.Compute();
        _worker.Now = TimeSpan.FromMinutes(11);
        _worker.Step(new StatusDue());

        Assert.Equal(SessionKey.Of(WorkerStepper.Edge, 2), Assert.Single(_worker.State.Sessions).Key);
    }

    [Fact]
    public void Scheduler_ThatIsGoneOrAsks_GetsAHelloAgain()
    {
        _worker.Step(new StatusDue());
        Assert.Single(_worker.Sent<Hello>());
        _worker.Receive(new Welcome(), WorkerStepper.Scheduler);
        _worker.Step(new StatusDue());
        Assert.Single(_worker.Sent<WorkerStatus>());

        _worker.Receive(new Rejected { Reason = RejectReason.UnknownWorker }, WorkerStepper.Scheduler);
        Assert.Single(_worker.Sent<Hello>());
        _worker.Receive(new Welcome(), WorkerStepper.Scheduler);
        _worker.Step(new PeerLost(WorkerStepper.Scheduler));
        _worker.Step(new StatusDue());
        Assert.Single(_worker.Sent<Hello>());
        Assert.Contains(new WorkerEffect.Watch(WorkerStepper.Scheduler), _worker.Effects);
    }

    [Fact]
    public void Rejection_StopsTheWorker_OnlyIfItIsTheSchedulers()
    {
        var rejected = new Rejected { Reason = RejectReason.ModelDigest, Detail = "Other model." };
        _worker.Receive(rejected);
        Assert.Empty(_worker.Effects);
        _worker.Receive(rejected, WorkerStepper.Scheduler);
        Assert.Contains("Other model.", Assert.IsType<WorkerEffect.Stop>(Assert.Single(_worker.Effects)).Reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, RejectReason, OpenSession> BadOpens => new()
    {
        { "version 9", RejectReason.ProtocolVersion, new(WorkerStepper.OpenSession()) { ProtocolVersion = 9 } },
        { "digest (none), the worker 010203", RejectReason.ModelDigest, new(WorkerStepper.OpenSession()) { ModelDigest = ByteString.Empty } },
        { "layers 1–3, the worker layers 5–8; it serves devices that hold 4 to 7 layers", RejectReason.LayerRange, WorkerStepper.OpenSession(splitLayer: 3) },
        { "no layers, the worker layers 5–8", RejectReason.LayerRange, WorkerStepper.OpenSession(splitLayer: 0) },
        { "layers 1–8, the worker layers 5–8", RejectReason.LayerRange, WorkerStepper.OpenSession(splitLayer: 8) },
        { "layers 1–4294967295, the worker layers 5–8", RejectReason.LayerRange, WorkerStepper.OpenSession(splitLayer: uint.MaxValue) },
        { "65 tokens; the model's context has 1–64", RejectReason.ContextLength, new(WorkerStepper.OpenSession()) { TokenCountMax = 65 } },
        { "4294967295 tokens", RejectReason.ContextLength, new(WorkerStepper.OpenSession()) { TokenCountMax = uint.MaxValue } },
        { "asks for 0 tokens", RejectReason.ContextLength, new(WorkerStepper.OpenSession()) { TokenCountMax = 0 } },
        { "no sampling options", RejectReason.BadRequest, new(WorkerStepper.OpenSession()) { Sampling = null } },
        { "--temperature", RejectReason.BadRequest, new(WorkerStepper.OpenSession()) { Sampling = new() { Temperature = float.NaN } } },
        { "vocabulary's 100", RejectReason.BadRequest, new(WorkerStepper.OpenSession()) { Generated = { 100 } } },
        { "41 generated tokens", RejectReason.BadRequest, new(WorkerStepper.OpenSession()) { Generated = { Enumerable.Repeat(1u, 41) } } },
    };

    [Theory]
    [MemberData(nameof(BadOpens))]
    public void Open_ThatDoesNotFit_IsRefusedNamingBothSides(string detail, RejectReason reason, OpenSession open)
    {
        _worker.Receive(open);

        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal((reason, 0u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains(detail, rejected.Detail, StringComparison.Ordinal);
        Assert.Empty(_worker.State.Sessions);
    }

    public static TheoryData<RejectReason, DecodeStep> BadSteps => new()
    {
        { RejectReason.BadRequest, Step(0, 0) },
        { RejectReason.BadRequest, Step(0, 9) },
        { RejectReason.BadRequest, Step(0, uint.MaxValue) },
        { RejectReason.ContextLength, Step(0, 8, session: 2) },
        { RejectReason.BadRequest, new(Step(0, 1)) { Tokens = new TokenIds { Ids = { 1 } } } }, // this worker starts at layer 5
        { RejectReason.BadRequest, ClearContent(Step(0, 1)) },
        { RejectReason.BadRequest, new(Step(0, 1)) { Frame = ByteString.CopyFrom(new byte[(1 << 16) + 1]) } },
    };

    [Theory]
    [MemberData(nameof(BadSteps))]
    public void Step_ThatCannotBeServed_IsRefused(RejectReason reason, DecodeStep step)
    {
        _worker.Open();
        _worker.Open(session: 2, tokenCountMax: 7);
        _worker.Receive(step);

        Assert.Equal(reason, Assert.Single(_worker.Sent<Rejected>()).Reason);
        Assert.Null(_worker.Batch);
    }

    private static DecodeStep Step(uint position, uint tokenCount, uint epoch = 1, ulong session = 1, bool samples = false) =>
        WorkerStepper.DecodeStep(position, tokenCount, epoch, session, samples);

    private static DecodeStep ClearContent(DecodeStep step)
    {
        step.ClearContent();
        return step;
    }

    [Fact]
    public void Steps_OfASessionThatWasOpenedAnewUnderItsEpoch_NeverReachTheNewCache()
    {
        var worker = new WorkerStepper();
        worker.Open();
        worker.Receive(WorkerStepper.DecodeStep(0, 3));
        worker.Receive(WorkerStepper.DecodeStep(3, 3));
        worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 });
        worker.Open();
        worker.Receive(WorkerStepper.DecodeStep(0, 5));
        worker.Compute(_ => true); // of the session before

        Assert.Equal(5, worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, 1)].AcceptedCount);
        worker.Compute();
        Assert.Equal(5u, Assert.Single(worker.Sent<StepResult>()).NextPosition);
    }
}
