using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Actors.Transport;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Tests.Shared;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqSessionTests(BrokerFixture fixture, ITestOutputHelper output)
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
        var inbox = world.Register(hostile, "edge/d3/1");
        var answers = new List<RejectReason>();
        var session = cluster.StartSession("d1", 0, count =>
        {
            if (count != 3)
                return;
            hostile.Send("edge/d3/1", "worker/w1", new CloseSession { SessionId = 1 });
            hostile.Send("edge/d3/1", "scheduler", new CloseSession { SessionId = 1 });
            hostile.Send("edge/d3/1", "worker/w1", new DecodeStep { SessionId = 1, Position = 1, TokenCount = 1 });
            hostile.Send("edge/d3/1", "worker/w1", new OpenSession { SessionId = 1, Epoch = 99 });
            hostile.Send("edge/d3/1", "scheduler", new PlanRequest { SessionId = 1 });
            while (answers.Count < 3) // before the session goes on, and ends
                answers.Add(((Rejected)inbox.NextAsync<Received>().GetAwaiter().GetResult().Body).Reason);
        });

        AssertReference(await session.EndedAsync(), promptIndex: 0);
        Assert.All(answers, answer => Assert.Equal(RejectReason.BadRequest, answer));
        Assert.Equal(
            [
                "scheduler refused a message of edge/d3/1: Session 0000000000000001 belongs to another device. Further ones of this kind are not reported.",
                "worker/w1 refused a message of edge/d3/1: Session 0000000000000001 belongs to another device. Further ones of this kind are not reported.",
            ],
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

    /// <summary>
    /// What the broker adds to the time of a token, where both ends are on its machine. The limit is on the fastest tenth: on a machine with 40 other things to do, half
    /// of the tokens waited 13 ms for a processor.
    /// </summary>
    [BrokerFact]
    public async Task TimePerToken_OverABroker_IsLittleMoreThanInProcess()
    {
        const int WarmUpCount = 4; // until the code is compiled for good
        const int RoundCount = 10;
        const double OverheadMsMax = 10;
        await using var world = new BrokerWorld(fixture.Node);
        await using var distributed = await StartAsync(world, "d1");
        var inProcess = new InProcessTransport();
        await using var local = new LiveCluster(Undisturbed.Lossless, _ => inProcess);
        List<TokenBill> brokered = [], inOne = [];
        for (var round = 0; round < RoundCount; round++)
        {
            var (here, there) = (await local.StartSession("d1", 1).EndedAsync(), await distributed.StartSession("d1", 1).EndedAsync());
            if (round < WarmUpCount)
                continue;
            inOne.AddRange(BillsOf(here));
            brokered.AddRange(BillsOf(there));
        }

        var overheadMs = OverheadMs(0.1);
        output.WriteLine($"In process:    {Describe(inOne)}");
        output.WriteLine($"Over a broker: {Describe(brokered)}");
        output.WriteLine($"Overhead: {OverheadMs(0.5):0.000} ms; of the fastest tenth {overheadMs:0.000} ms");
        Assert.True(overheadMs <= OverheadMsMax, $"{overheadMs:0.000} ms, more than {OverheadMsMax}");

        double OverheadMs(double share) => QuantileMs(brokered, share, bill => bill.ElapsedUs) - QuantileMs(inOne, share, bill => bill.ElapsedUs);

        static string Describe(List<TokenBill> bills) =>
            $"p50 of {bills.Count} tokens {QuantileMs(bills, 0.5, bill => bill.ElapsedUs):0.000} ms; messages {QuantileMs(bills, 0.5, bill => bill.TransportUs):0.000}, "
            + $"worker {QuantileMs(bills, 0.5, bill => bill.WorkerComputeUs):0.000}, device {QuantileMs(bills, 0.5, bill => bill.DeviceUs):0.000}";
    }

    private static async Task<LiveCluster> StartAsync(BrokerWorld world, params IEnumerable<string> devices)
    {
        var transports = new Dictionary<string, ITransport>(StringComparer.Ordinal);
        foreach (var user in devices.Concat(["scheduler", "w1"]))
            transports[user] = await world.ConnectAsync(user);
        return new LiveCluster(Undisturbed.Lossless, user => transports[user]);
    }

    private static void AssertReference(IReadOnlyList<SessionEvent> events, int promptIndex)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), events[^1]);
        Assert.Equal(Quill.GreedyContinuation(promptIndex), events.OfType<TokenGenerated>().Select(generated => generated.Token));
    }

    /// <summary>Without the first tokens of a session, which wait for the prompt.</summary>
    private static IEnumerable<TokenBill> BillsOf(IReadOnlyList<SessionEvent> events) => events.OfType<TokenGenerated>().Skip(8).Select(generated => generated.Bill);

    private static double QuantileMs(List<TokenBill> bills, double share, Func<TokenBill, long> us) => bills.Select(us).Order().ElementAt((int)(bills.Count * share)) / 1e3;
}
