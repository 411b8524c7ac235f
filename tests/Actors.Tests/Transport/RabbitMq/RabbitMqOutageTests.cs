using Google.Protobuf;
using RabbitMQ.Client;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Chaos;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqOutageTests(BrokerFixture fixture)
{
    [BrokerFact]
    public async Task BrokerThatIsNotThere_IsAnErrorAtTheFirstConnection()
    {
        await using var world = new BrokerWorld(fixture.Node);
        using var proxy = new TcpProxy(fixture.Node.Port);
        proxy.Cut();
        var error = await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("d1", options => options with { Port = proxy.Port }));
        Assert.StartsWith($"The broker d1@localhost:{proxy.Port}/splitactors: expected a broker that answers", error.Message, StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Outage_ReturnsMessages_IsReportedOnce_AndEnds()
    {
        await using var world = new BrokerWorld(fixture.Node);
        using var proxy = new TcpProxy(fixture.Node.Port);
        var (back, device) = (await world.ConnectAsync("w1"), await world.ConnectAsync("d1", options => options with { Port = proxy.Port }));
        var worker = await world.OpenAsync(back, "worker/w1");
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Send("edge/d1/1", "worker/w1", new Welcome());
        await worker.NextAsync<Received>();
        device.Watch("worker/w1", "edge/d1/1");
        back.Watch("edge/d1/1", "worker/w1");

        proxy.Cut();
        Assert.Equal(new PeerLost("edge/d1/1"), await worker.NextAsync<PeerLost>()); // its queue went with its connection
        do
            device.Send("edge/d1/1", "worker/w1", new Nack());
        while (edge.IsEmpty);
        Assert.Equal("worker/w1", (await edge.NextAsync<Undelivered>()).To);

        proxy.Mend();
        await worker.NextWhileAsync<Received>(() => device.Send("edge/d1/1", "worker/w1", new CloseSession()));
        back.Send("worker/w1", "edge/d1/1", new Welcome()); // its queue is open again
        Assert.Equal(new Received("worker/w1", new Welcome()), await edge.NextOfAsync<Received>());
        await world.ReportedAsync(2);
        Assert.Contains(" is lost: ", world.Reports.First(), StringComparison.Ordinal);
        Assert.Contains(" is back after ", world.Reports.Last(), StringComparison.Ordinal);
        Assert.Equal(1, device.OutageCount);

        back.Unregister("worker/w1");
        Assert.Equal(new PeerLost("worker/w1"), await edge.NextOfAsync<PeerLost>()); // the watch outlasted the outage
    }

    [BrokerFact]
    public async Task Attempts_ToConnectAgain_WaitForPausesThatGrow()
    {
        using var proxy = new TcpProxy(fixture.Node.Port);
        var clock = new VirtualTimeProvider();
        var options = BrokerFixture.OptionsFor(fixture.Node, "d1") with
        {
            Port = proxy.Port,
            ReconnectPause = TimeSpan.FromSeconds(1),
            ReconnectPauseMax = TimeSpan.FromSeconds(8),
            TickPeriod = TimeSpan.FromHours(1),
            AnswerTimeMax = TimeSpan.FromMinutes(10),
        };
        var reports = new Inbox();
        await using var device = await RabbitMqTransport.ConnectAsync(options, clock, seed: 1, reports.Add);
        proxy.Cut();
        Assert.Contains(" is lost: ", await reports.NextAsync<string>(), StringComparison.Ordinal);

        foreach (var (attempt, pauseMax) in new[] { 1.0, 2, 4, 8, 8, 8 }.Index())
        {
            await UntilAsync(IsPausing);
            Assert.Equal(attempt, proxy.RefusedCount);
            Assert.InRange((clock.NextDue - clock.Elapsed)!.Value.TotalSeconds, pauseMax / 2, pauseMax);
            clock.FireNext();
            await UntilAsync(() => proxy.RefusedCount > attempt);
        }

        await UntilAsync(IsPausing);
        proxy.Mend();
        clock.FireNext();
        Assert.Contains(" is back after ", await reports.NextAsync<string>(), StringComparison.Ordinal);

        // Everything else that the transport waits for is further away.
        bool IsPausing() => clock.NextDue - clock.Elapsed <= options.ReconnectPauseMax;

        static async Task UntilAsync(Func<bool> condition)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (!condition())
            {
                limit.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    [BrokerFact]
    public async Task ProcessThatFallsSilent_IsLostToItsWatchers()
    {
        await using var world = new BrokerWorld(fixture.Node);
        using var proxy = new TcpProxy(fixture.Node.Port);
        var back = await world.ConnectAsync("w1", options => options with { Port = proxy.Port, Heartbeat = TimeSpan.FromSeconds(1) });
        var device = await world.ConnectAsync("d1");
        await world.OpenAsync(back, "worker/w1");
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Watch("worker/w1", "edge/d1/1");
        proxy.FallSilent();
        Assert.Equal(new PeerLost("worker/w1"), await edge.NextAsync<PeerLost>());
    }

    [BrokerFact]
    public async Task BrokerThatTakesNothing_CountsAsLost_AndWhatWaitsComesBack()
    {
        await using var world = new BrokerWorld(fixture.Node);
        using var proxy = new TcpProxy(fixture.Node.Port);
        var device = await world.ConnectAsync("d1", options => options with
        {
            Port = proxy.Port,
            OutgoingCountMax = 64,
            AnswerTimeMax = TimeSpan.FromSeconds(2),
            Heartbeat = TimeSpan.FromMinutes(10),
        });
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Send("edge/d1/1", "worker/nobody", new Welcome());
        await edge.NextAsync<Undelivered>();

        proxy.FallSilent();
        var frame = new DecodeStep { Frame = ByteString.CopyFrom(new byte[1_000_000]) };
        for (var i = 0; i < 100; i++)
            device.Send("edge/d1/1", "worker/nobody", frame);
        var reasons = new HashSet<string>(StringComparer.Ordinal);
        while (!reasons.Contains("the broker is out of reach"))
            reasons.Add((await edge.NextAsync<Undelivered>()).Reason);
        Assert.Contains("64 messages are waiting for the broker already", reasons);
        Assert.Equal(1, device.OutageCount);
    }

    [BrokerFact]
    public async Task QueueThatIsDeleted_IsOpenedAgain()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (cloud, device) = (await world.ConnectAsync("scheduler"), await world.ConnectAsync("d1"));
        var scheduler = await world.OpenAsync(cloud, "scheduler");
        BrokerWorld.Register(device, "edge/d1/1");
        await using var administrator = await RawClient.ConnectAsync(fixture.Node, "scheduler");
        await administrator.RefusalAsync(channel => channel.QueueDeleteAsync("scheduler"));

        await scheduler.NextWhileAsync<Received>(() => device.Send("edge/d1/1", "scheduler", new Welcome()));
        await world.ReportedAsync(2); // that it cannot receive, and that it can again
    }
}
