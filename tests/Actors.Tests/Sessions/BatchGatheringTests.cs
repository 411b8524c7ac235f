using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A batch waits for devices that are quicker than a pass, and for no others, and never for long.</summary>
public sealed class BatchGatheringTests
{
    private readonly WorkerStepper _worker = new();

    [Fact]
    public void Steps_OfQuickDevices_ShareABatch()
    {
        Answer(turnUs: 1, turnUsOfSecond: 2);
        Assert.Null(_worker.Batch);
        Assert.Equal(TimeSpan.FromMicroseconds(6), Assert.Single(_worker.Effects.OfType<WorkerEffect.Remind>()).After); // of a pass of 8 µs

        Send(1);
        Assert.Null(_worker.Batch);
        Send(2);
        Assert.Equal(2, _worker.Batch!.Value.Effect.Entries.Length);
    }

    [Fact]
    public void Step_OfAQuickDevice_DoesNotWaitForASlowOne()
    {
        Answer(turnUs: 1, turnUsOfSecond: 7);
        Send(1);
        Assert.NotNull(_worker.Batch);
    }

    [Fact]
    public void Step_IsNotHeldForADeviceThatStaysAway()
    {
        Answer(turnUs: 1, turnUsOfSecond: 2);
        Send(1);
        _worker.Now += TimeSpan.FromMicroseconds(6);
        _worker.Step(new GatheringOver());
        Assert.Single(_worker.Batch!.Value.Effect.Entries);
    }

    [Fact]
    public void Step_IsNotHeldForASessionThatIsClosed()
    {
        Answer(turnUs: 1, turnUsOfSecond: 2);
        Send(1);
        _worker.Receive(new CloseSession { SessionId = 2, Epoch = 1 });
        Assert.Single(_worker.Batch!.Value.Effect.Entries);
    }

    /// <summary>Both sessions have been answered by one batch; before it each took its time to send the step.</summary>
    private void Answer(double turnUs, double turnUsOfSecond)
    {
        for (var session = 1ul; session <= 2; session++)
        {
            _worker.Open(session: session);
            _worker.Receive(WorkerStepper.DecodeStep(0, 1, session: session, samples: true));
        }

        _worker.Compute();
        _worker.Compute(); // the second, whose step had come while the first was computed
        var answeredAt = _worker.Now;
        _worker.Open(session: 3);
        _worker.Receive(WorkerStepper.DecodeStep(0, 1, session: 3)); // keeps the worker busy
        _worker.Now = answeredAt + TimeSpan.FromMicroseconds(turnUs);
        Send(1);
        _worker.Now = answeredAt + TimeSpan.FromMicroseconds(turnUsOfSecond);
        Send(2);
        _worker.Compute();
        _worker.Receive(new CloseSession { SessionId = 3, Epoch = 1 });
        _worker.Compute();
    }

    private void Send(ulong session) => _worker.Receive(
        WorkerStepper.DecodeStep((uint)_worker.State.Sessions[SessionKey.Of(WorkerStepper.Edge, session)].AcceptedCount, 1, session: session, samples: true));
}
