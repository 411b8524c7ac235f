using System.Collections.Concurrent;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>
/// Device d3 is a hostile member; the sessions of others, with the real scheduler, worker and devices, go on with the exact text.
/// </summary>
public sealed class HostileDeviceTests : IAsyncDisposable
{
    private const string Hostile = "edge/d3/1";
    private const ulong HostileSession = 666;
    private const ulong VictimSession = 1;

    private readonly LiveCluster _cluster = new(Undisturbed.Lossless, "d1", "d2", "d3");

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task KnownSessionId_GivesNoPowerOverTheSession()
    {
        var (hostile, inbox) = _cluster.Open("d3", Hostile);
        var answers = new List<IMessage>();
        var session = _cluster.StartSession("d1", 0, count =>
        {
            if (count % 8 != 3)
                return;
            IMessage[] forged =
            [
                Step(VictimSession, epoch: 1, (uint)count, new byte[64]),
                new OpenSession(OpenSession()) { SessionId = VictimSession, Epoch = 2 },
                new CloseSession { SessionId = VictimSession, Epoch = 2 },
            ];
            foreach (var message in forged)
                hostile.Send(Hostile, LiveCluster.Worker, message);
            hostile.Send(Hostile, _cluster.Scheduler, new CloseSession { SessionId = VictimSession });
            hostile.Send(Hostile, _cluster.Scheduler, new LinkReport { SessionId = VictimSession });
            for (var i = 0; i < 3; i++) // to the step, to the session of its own that it opens under this id, and to the report
                answers.Add(Next(inbox));
        });

        await session.EndsAsync(promptIndex: 0);
        Assert.NotEmpty(answers);
        Assert.Equal(answers.Count / 3, answers.OfType<SessionOpened>().Count());
        Assert.All(answers.OfType<Rejected>(), rejected => Assert.Equal(RejectReason.UnknownSession, rejected.Reason));
        Assert.Empty(_cluster.Refusals);
    }

    [Fact]
    public async Task DamagedAndOversizedFrames_AreRefused_AndTheWorkerGoesOn()
    {
        var (hostile, inbox) = _cluster.Open("d3", Hostile);
        var answers = new List<IMessage>();
        var session = _cluster.StartSession("d1", 1, count =>
        {
            if (count != 3)
                return;
            uint epoch = 0;
            foreach (var frame in new byte[][] { [], [0xA2], new byte[200], new byte[2_000_000] })
            {
                hostile.Send(Hostile, LiveCluster.Worker, new OpenSession(OpenSession()) { Epoch = ++epoch });
                hostile.Send(Hostile, LiveCluster.Worker, Step(HostileSession, epoch, position: 0, frame));
                for (var i = 0; i < 2; i++)
                    answers.Add(Next(inbox));
            }
        });

        await session.EndsAsync(promptIndex: 1);
        Assert.Equal(4, answers.OfType<SessionOpened>().Count());
        Assert.Equal(
            [RejectReason.BadFrame, RejectReason.BadFrame, RejectReason.BadFrame, RejectReason.BadRequest],
            answers.OfType<Rejected>().Select(rejected => rejected.Reason));
    }

    /// <summary>
    /// A member may speak under the names that its roles say, and under no other: neither another device's nor a worker's.
    /// </summary>
    [Theory]
    [InlineData("edge/d1/1")]
    [InlineData("worker/w1")]
    public async Task NameOfAnother_IsNotBelieved(string name)
    {
        var (hostile, _) = _cluster.Open("d3", name);
        var session = _cluster.StartSession("d1", 0, count =>
        {
            if (count % 8 != 3)
                return;
            hostile.Send(name, LiveCluster.Worker, new CloseSession { SessionId = VictimSession, Epoch = 1 });
            hostile.Send(name, _cluster.Scheduler, new CloseSession { SessionId = VictimSession });
        });

        await session.EndsAsync(promptIndex: 0);
        await TestNode.UntilAsync(() => _cluster.Refusals.Count >= 2, "both servers refuse it");
        var why = $": it is not {name}. Further ones of this node are not reported.";
        Assert.All(_cluster.Refusals, refusal => Assert.EndsWith(why, refusal, StringComparison.Ordinal));
    }

    /// <summary>What one device may have is bounded, and the rest of a flood is answered in words: others keep their places.</summary>
    [Fact]
    public async Task FloodByOneDevice_LeavesOthersTheirText()
    {
        const int FloodCount = 20_000;
        var (hostile, _) = _cluster.Open("d3", Hostile);
        for (var count = 0; count < FloodCount; count++)
        {
            hostile.Send(Hostile, LiveCluster.Worker, Step(HostileSession, epoch: 0, position: 0, new byte[1000]));
            hostile.Send(Hostile, LiveCluster.Worker, new OpenSession(OpenSession()) { SessionId = (ulong)count + 10 });
            hostile.Send(Hostile, _cluster.Scheduler, new PlanRequest { SessionId = (ulong)count + 10 });
        }

        var (first, second) = (_cluster.StartSession("d1", 0), _cluster.StartSession("d2", 1));
        await first.EndsAsync(promptIndex: 0);
        await second.EndsAsync(promptIndex: 1);
    }

    private static IMessage Next(BlockingCollection<object> inbox)
    {
        while (true)
        {
            if (inbox.Take() is Received received)
                return received.Body;
        }
    }

    private static DecodeStep Step(ulong session, uint epoch, uint position, byte[] frame) =>
        new() { SessionId = session, Epoch = epoch, Position = position, TokenCount = 1, Samples = true, Frame = ByteString.CopyFrom(frame) };

    /// <summary>That the worker takes.</summary>
    private static OpenSession OpenSession() => new()
    {
        SessionId = HostileSession,
        Epoch = 1,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Quill.Digest,
        SplitLayer = Undisturbed.SplitLayer,
        TokenCountMax = 40,
        Sampling = new Sampling { TopP = 1, RepetitionPenalty = 1 },
    };
}
