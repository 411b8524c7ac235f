using Google.Protobuf;
using RabbitMQ.Client;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>Device d3 is hostile; the sessions of others, with the real scheduler, worker and devices, go on with the exact text.</summary>
[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqHostileDeviceTests(BrokerFixture fixture)
{
    private const string Hostile = "edge/d3/1";
    private const ulong HostileSession = 666;
    private const ulong VictimSession = 1;

    private static readonly BasicProperties Properties = new() { UserId = "d3", ReplyTo = Hostile };

    [BrokerFact]
    public async Task KnownSessionId_GivesNoPowerOverTheSession()
    {
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world);
        var hostile = await world.ConnectAsync("d3");
        var inbox = BrokerWorld.Register(hostile, Hostile);
        var answers = new List<IMessage>();
        var session = cluster.StartSession("d1", 0, count =>
        {
            if (count % 8 != 3)
                return;
            IMessage[] forged =
            [
                new DecodeStep { SessionId = VictimSession, Epoch = 1, Position = (uint)count, TokenCount = 1, Samples = true, Frame = ByteString.CopyFrom(new byte[64]) },
                new OpenSession(OpenSession()) { SessionId = VictimSession, Epoch = 2 },
                new CloseSession { SessionId = VictimSession, Epoch = 2 },
            ];
            foreach (var message in forged)
                hostile.Send(Hostile, "worker/w1", message);
            foreach (var message in new IMessage[] { new CloseSession { SessionId = VictimSession }, new LinkReport { SessionId = VictimSession } })
                hostile.Send(Hostile, "scheduler", message);
            for (var i = 0; i < 3; i++) // to the step, to the session of its own that it opens under this id, and to the report
                answers.Add(inbox.NextAsync<Received>().GetAwaiter().GetResult().Body);
        });

        AssertReference(await session.EndedAsync(), promptIndex: 0);
        Assert.NotEmpty(answers);
        Assert.Equal(answers.Count / 3, answers.OfType<SessionOpened>().Count());
        Assert.All(answers.OfType<Rejected>(), rejected => Assert.Equal(RejectReason.UnknownSession, rejected.Reason));
        Assert.Empty(world.Reports);
    }

    [BrokerFact]
    public async Task DamagedAndOversizedFrames_AreRefused_AndTheWorkerGoesOn()
    {
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world);
        var hostile = await world.ConnectAsync("d3");
        var inbox = BrokerWorld.Register(hostile, Hostile);
        var answers = new List<IMessage>();
        var session = cluster.StartSession("d1", 1, count =>
        {
            if (count != 3)
                return;
            uint epoch = 0;
            foreach (var frame in new byte[][] { [], [0xA2], new byte[200], new byte[2_000_000] })
            {
                hostile.Send(Hostile, "worker/w1", new OpenSession(OpenSession()) { Epoch = ++epoch });
                var step = new DecodeStep { SessionId = HostileSession, Epoch = epoch, TokenCount = 1, Samples = true, Frame = ByteString.CopyFrom(frame) };
                hostile.Send(Hostile, "worker/w1", step);
                for (var i = 0; i < 2; i++)
                    answers.Add(inbox.NextAsync<Received>().GetAwaiter().GetResult().Body);
            }
        });

        AssertReference(await session.EndedAsync(), promptIndex: 1);
        Assert.Equal(4, answers.OfType<SessionOpened>().Count());
        Assert.Equal(
            [RejectReason.BadFrame, RejectReason.BadFrame, RejectReason.BadFrame, RejectReason.BadRequest],
            answers.OfType<Rejected>().Select(rejected => rejected.Reason));
        Assert.Empty(world.Reports);
    }

    [BrokerFact]
    public async Task MessagesThatAreNone_AreReportedOnce_AndSessionsGoOn()
    {
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world);
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d3");
        var damaged = Task.CompletedTask;
        var session = cluster.StartSession("d1", 0, count =>
        {
            if (count == 3)
                damaged = SendDamagedAsync();
            if (count == 40)
                damaged.GetAwaiter().GetResult(); // before the session ends
        });

        AssertReference(await session.EndedAsync(), promptIndex: 0);
        await world.ReportedAsync(2); // by the scheduler, and by the worker
        AssertReference(await cluster.StartSession("d2", 2).EndedAsync(), promptIndex: 2);
        Assert.All(world.Reports, report => Assert.Contains("from user d3", report, StringComparison.Ordinal));

        async Task SendDamagedAsync()
        {
            foreach (var to in new[] { "scheduler", "worker/w1" })
            {
                foreach (var body in new byte[][] { [], [0], [1, 255], [2, .. new byte[20]], [1, .. new byte[1000]] })
                    await hostile.PublishAsync(BrokerTopology.Ingress, to, Properties, body);
                Assert.Equal((ushort)Constants.PreconditionFailed, await hostile.RefusalAsync(async channel =>
                    await channel.BasicPublishAsync(BrokerTopology.Ingress, to, mandatory: false, Properties, new byte[200_000])));
            }
        }
    }

    /// <summary>Queues and mailboxes are bounded, and what is too much is dropped unread: what a flood displaces is sent again.</summary>
    [BrokerFact]
    public async Task FloodByOneDevice_LeavesOthersTheirText()
    {
        const int FloodBeforeCount = 5000; // more than a queue holds
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world);
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d3");
        using var ended = new CancellationTokenSource();
        var isFlooded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var flood = FloodAsync();
        await isFlooded.Task;
        var sessions = new[] { ("d1", 0), ("d2", 1) }.Select(start => (Prompt: start.Item2, Session: cluster.StartSession(start.Item1, start.Item2))).ToList();
        foreach (var (prompt, session) in sessions)
            AssertReference(await session.EndedAsync(), prompt);
        await ended.CancelAsync();
        await flood;
        await world.ReportedAsync(2); // by the scheduler, and by the worker: neither they nor others were lost
        Assert.All(world.Reports, report => Assert.Contains("from user d3", report, StringComparison.Ordinal));

        async Task FloodAsync()
        {
            await using var channel = await hostile.OpenChannelAsync();
            byte[] Enveloped(IMessage body) => [(byte)PartKind.Whole, .. Envelopes.Wrap(body).ToByteArray()];
            var step = Enveloped(new DecodeStep { SessionId = HostileSession, TokenCount = 1, Frame = ByteString.CopyFrom(new byte[1000]) });
            var request = Enveloped(new PlanRequest { SessionId = HostileSession });
            for (var count = 0; !ended.IsCancellationRequested; count++)
            {
                await channel.BasicPublishAsync(BrokerTopology.Ingress, "worker/w1", mandatory: false, Properties, step);
                await channel.BasicPublishAsync(BrokerTopology.Ingress, "scheduler", mandatory: false, Properties, request);
                if (count == FloodBeforeCount)
                    isFlooded.SetResult();
            }
        }
    }

    private static async Task<LiveCluster> StartAsync(BrokerWorld world)
    {
        var transports = new Dictionary<string, IPeers>(StringComparer.Ordinal);
        foreach (var user in new[] { "scheduler", "w1", "d1", "d2" })
            transports[user] = await world.ConnectAsync(user);
        return new LiveCluster(Undisturbed.Lossless, user => transports[user]);
    }

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

    private static void AssertReference(IReadOnlyList<SessionEvent> events, int promptIndex)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), events[^1]);
        Assert.Equal(Quill.GreedyContinuation(promptIndex), events.OfType<TokenGenerated>().Select(generated => generated.Token));
    }
}
