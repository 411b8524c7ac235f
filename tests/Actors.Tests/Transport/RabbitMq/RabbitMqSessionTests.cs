using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqSessionTests(BrokerFixture fixture)
{
    [BrokerFact]
    public async Task Sessions_OverABroker_GiveTheReferenceTokens()
    {
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world, "d1", "d2");
        var sessions = new[] { ("d1", 0), ("d2", 1), ("d2", 2) }.Select(start => (Prompt: start.Item2, Session: cluster.StartSession(start.Item1, start.Item2))).ToList();
        foreach (var (prompt, session) in sessions)
            AssertReference(await session.EndedAsync(), prompt);
        Assert.Empty(world.Reports);
    }

    [BrokerFact]
    public async Task ForgedSessionId_IsRefused_AndTheSessionGoesOn()
    {
        await using var world = new BrokerWorld(fixture.Node);
        await using var cluster = await StartAsync(world, "d1");
        var hostile = await world.ConnectAsync("d3");
        var inbox = BrokerWorld.Register(hostile, "edge/d3/1");
        var answers = new List<RejectReason>();
        var session = cluster.StartSession("d1", 0, count =>
        {
            if (count != 3)
                return;
            hostile.Send("edge/d3/1", "worker/w1", new CloseSession { SessionId = 1 }); // of no session of its own: no answer
            hostile.Send("edge/d3/1", "scheduler", new CloseSession { SessionId = 1 });
            hostile.Send("edge/d3/1", "worker/w1", new DecodeStep { SessionId = 1, Position = 1, TokenCount = 1 });
            hostile.Send("edge/d3/1", "worker/w1", new OpenSession { SessionId = 1, Epoch = 99 });
            hostile.Send("edge/d3/1", "worker/w1", new WorkerStatus());
            hostile.Send("edge/d3/1", "scheduler", new PlanRequest { SessionId = 1 });
            hostile.Send("edge/d3/1", "scheduler", new LinkReport { SessionId = 1 });
            hostile.Send("edge/d3/1", "scheduler", new WorkerStatus());
            while (answers.Count < 6) // before the session goes on, and ends
                answers.Add(((Rejected)inbox.NextAsync<Received>().GetAwaiter().GetResult().Body).Reason);
        });

        AssertReference(await session.EndedAsync(), promptIndex: 0);
        Assert.Equal(
            [
                RejectReason.ProtocolVersion, RejectReason.UnknownSession, RejectReason.UnknownSession, RejectReason.ContextLength,
                RejectReason.BadRequest, RejectReason.BadRequest,
            ],
            answers.Order());
        const string Why = "edge/d3 is a device (edge/…); WorkerStatus is for a worker (worker/…) to send. Further ones of this kind are not reported.";
        Assert.Equal(
            [$"scheduler refused a message of edge/d3/1: {Why}", $"worker/w1 refused a message of edge/d3/1: {Why}"],
            cluster.Refusals.Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    [BrokerFact]
    public async Task BrokerThatIsKilled_AndStartedAgain_LeavesTheTextAsItWas()
    {
        using var node = new BrokerNode(BrokerDefinitions.Of(BrokerFixture.Users));
        await node.StartAsync();
        await using var world = new BrokerWorld(node);
        await using var cluster = await StartAsync(world, "d1");
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var session = cluster.StartSession("d1", 1, count =>
        {
            if (count != 10)
                return;
            node.Kill();
            killed.SetResult();
        });

        await killed.Task;
        await node.StartAsync();
        var events = await session.EndedAsync();
        AssertReference(events, promptIndex: 1);
        Assert.NotEmpty(events.OfType<WorkerReplaced>());
        Assert.Equal(3, world.Reports.Count(report => report.Contains(" is lost: ", StringComparison.Ordinal))); // scheduler, worker, device: once each
        Assert.Equal(3, world.Reports.Count(report => report.Contains(" is back after ", StringComparison.Ordinal)));
    }

    private static async Task<LiveCluster> StartAsync(BrokerWorld world, params IEnumerable<string> devices)
    {
        var transports = new Dictionary<string, IPeers>(StringComparer.Ordinal);
        foreach (var user in devices.Concat(["scheduler", "w1"]))
            transports[user] = await world.ConnectAsync(user);
        return new LiveCluster(Undisturbed.Lossless, user => transports[user]);
    }

    private static void AssertReference(IReadOnlyList<SessionEvent> events, int promptIndex)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), events[^1]);
        Assert.Equal(Quill.GreedyContinuation(promptIndex), events.OfType<TokenGenerated>().Select(generated => generated.Token));
    }
}
