using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Two models, A and B, in one cluster.</summary>
public sealed class ModelRoutingTests
{
    private static readonly ByteString DigestA = ByteString.CopyFrom(1, 1, 1);
    private static readonly ByteString DigestB = ByteString.CopyFrom(2, 2, 2);

    private ImmutableArray<SchedulerEffect> _effects = [];
    private ImmutableArray<SchedulerState> _states = [State(DigestA, layerCount: 8), State(DigestB, layerCount: 4)];

    [Fact]
    public void Devices_GetAWorkerOfTheirModel()
    {
        Receive("worker/a", Hello(DigestA, 8));
        Receive("worker/b", Hello(DigestB, 4));

        Assert.Equal("worker/b", Place(1, DigestB));
        Assert.Equal("worker/a", Place(2, DigestA));
        Assert.Equal("worker/b", Place(3, DigestB));
        Assert.Equal((1, 2), (_states[0].Sessions.Count, _states[1].Sessions.Count));
        Receive("edge/1", new CloseSession { SessionId = 1 });
        Assert.Equal((1, 1), (_states[0].Sessions.Count, _states[1].Sessions.Count));
    }

    [Fact]
    public void ModelThatNobodyServes_IsRefused_NamingAllThatAreServed()
    {
        Receive("worker/c", Hello(ByteString.CopyFrom(3, 3, 3), 8));
        var rejected = Assert.IsType<Rejected>(Sent().Single());
        Assert.Equal(RejectReason.ModelDigest, rejected.Reason);
        Assert.Equal("worker/c has model digest 030303, the scheduler 010101, 020202; use the same checkpoint.", rejected.Detail);
    }

    [Fact]
    public void Model_WithoutAWorkerOfItsOwn_GetsNoneOfAnother()
    {
        Receive("worker/a", Hello(DigestA, 8));
        Receive("edge/1", new PlanRequest { SessionId = 1, ModelDigest = DigestB, TokenCountMax = 100 });
        Assert.Equal(RejectReason.NoWorker, Assert.IsType<Rejected>(Sent().Single()).Reason);
    }

    [Fact]
    public void WorkerThatComesBackWithAnotherModel_IsForgottenForTheFirst()
    {
        Receive("worker/a", Hello(DigestA, 8));
        Receive("worker/a", Hello(DigestB, 4));
        Assert.IsType<Welcome>(Sent().Single());
        Assert.Empty(_states[0].Workers);
        Assert.Equal("worker/a", Assert.Single(_states[1].Workers.Keys));
    }

    [Fact]
    public void Reports_GoToTheModelTheyAreAbout()
    {
        Receive("worker/b", Hello(DigestB, 4));
        Receive("worker/b", new WorkerStatus { QueuedRows = 7 });
        Assert.Equal(7, _states[1].Workers["worker/b"].QueuedRows);
        Receive("worker/x", new WorkerStatus());
        Assert.Equal(RejectReason.UnknownWorker, Assert.IsType<Rejected>(Sent().Single()).Reason);

        Place(1, DigestB);
        Receive("edge/1", new LinkReport { SessionId = 1, Revision = 1 });
        Assert.Equal(1u, _states[1].Sessions[SessionKey.Of("edge/1", 1)].KnownRevision);
        Step(new PeerLost("edge/1"));
        Assert.Empty(_states[1].Sessions);
    }

    private static SchedulerState State(ByteString digest, int layerCount) => new(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = digest,
        LayerCount = layerCount,
        ContextLength = 1024,
        Plan = new FixedPlan(ExecutionMode.Split, layerCount / 2, CompressionOptions.Default),
    });

    private static Hello Hello(ByteString digest, uint layerCount) =>
        new() { Role = Role.Worker, ProtocolVersion = ProtocolVersion.Current, ModelDigest = digest, EndLayer = layerCount, SessionCountMax = 4 };

    private string? Place(ulong session, ByteString digest)
    {
        Receive($"edge/{session}", new PlanRequest { SessionId = session, ModelDigest = digest, TokenCountMax = 100 });
        return (Sent().Single() as Plan)?.Worker;
    }

    private void Receive(string from, IMessage body) => Step(new Received(from, body));

    private void Step(object message) => (_states, _effects) = ModelRouting.Step(_states, message, TimeSpan.Zero);

    private IEnumerable<IMessage> Sent() => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);
}
