using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Hosts.Chaos;
using SplitActors.Tests.Shared;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqTransportTests(BrokerFixture fixture, ITestOutputHelper output)
{
    [BrokerFact]
    public async Task Message_ArrivesWithItsSender_AndSoDoesTheAnswer()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (cloud, device) = (await world.ConnectAsync("scheduler"), await world.ConnectAsync("d1"));
        var scheduler = BrokerWorld.Register(cloud, "scheduler");
        var edge = BrokerWorld.Register(device, "edge/d1/1");

        await scheduler.OpenedAsync(cloud, "scheduler");
        device.Send("edge/d1/1", "scheduler", new Nack { SessionId = 5 });
        var received = await scheduler.NextAsync<Received>();
        Assert.Equal(new Received("edge/d1/1", new Nack { SessionId = 5 }), received);

        cloud.Send("scheduler", received.From, new Welcome());
        Assert.Equal(new Received("scheduler", new Welcome()), await edge.NextAsync<Received>());
        Assert.Empty(world.Reports);
    }

    [BrokerFact]
    public async Task Messages_OfOneSender_ArriveInOrder_LongOnesToo()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (worker, device) = (await world.ConnectAsync("w1"), await world.ConnectAsync("d1"));
        var received = BrokerWorld.Register(worker, "worker/w1");
        BrokerWorld.Register(device, "edge/d1/1");
        await received.OpenedAsync(worker, "worker/w1");

        const uint MessageCount = 300;
        var longFrame = ByteString.CopyFrom(new byte[1_000_000]);
        for (var i = 0u; i < MessageCount; i++)
            device.Send("edge/d1/1", "worker/w1", new DecodeStep { Position = i, Frame = i % 100 == 50 ? longFrame : ByteString.Empty });

        for (var i = 0u; i < MessageCount; i++)
        {
            var step = Assert.IsType<DecodeStep>((await received.NextAsync<Received>()).Body);
            Assert.Equal((i, i % 100 == 50 ? longFrame.Length : 0), (step.Position, step.Frame.Length));
        }
    }

    [BrokerFact]
    public async Task Message_ToNobody_ComesBackAsUndelivered()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var device = await world.ConnectAsync("d1");
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Send("edge/d1/1", "worker/nobody", new Welcome());
        Assert.Equal(new Undelivered("worker/nobody", "nobody has this address"), await edge.NextAsync<Undelivered>());

        device.Send("edge/d1/1", "worker/nobody", new DecodeStep { Frame = ByteString.CopyFrom(new byte[1_000_000]) });
        Assert.Equal("worker/nobody", (await edge.NextAsync<Undelivered>()).To); // once, not for each part
        device.Send("edge/d1/1", "edge/d2/1", new Welcome());
        Assert.Equal("edge/d2/1", (await edge.NextAsync<Undelivered>()).To);
        Assert.True(edge.IsEmpty);
    }

    [BrokerFact]
    public async Task Watcher_OfNobody_IsToldAtOnce()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var device = await world.ConnectAsync("d1", options => options with { ProbePeriod = TimeSpan.FromHours(1) });
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Watch("worker/nobody", "edge/d1/1");

        Assert.Equal(new PeerLost("worker/nobody"), await edge.NextAsync<PeerLost>());
        Assert.Equal(0, device.WatchCount);
    }

    [BrokerFact]
    public async Task Watcher_IsTold_WhenTheAddressIsGivenUp_AndWhenItsProcessIsGone()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (first, second, device) = (await world.ConnectAsync("w1"), await world.ConnectAsync("w2"), await world.ConnectAsync("d1"));
        var (worker1, worker2) = (BrokerWorld.Register(first, "worker/w1"), BrokerWorld.Register(second, "worker/w2"));
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        await worker1.OpenedAsync(first, "worker/w1");
        await worker2.OpenedAsync(second, "worker/w2");
        device.Watch("worker/w1", "edge/d1/1");
        device.Watch("worker/w2", "edge/d1/1");
        device.Send("edge/d1/1", "worker/w1", new Welcome()); // after the probes
        await worker1.NextAsync<Received>();
        Assert.True(edge.IsEmpty);

        first.Unregister("worker/w1");
        Assert.Equal(new PeerLost("worker/w1"), await edge.NextAsync<PeerLost>());
        await second.DisposeAsync();
        Assert.Equal(new PeerLost("worker/w2"), await edge.NextAsync<PeerLost>());
        Assert.Equal(0, device.WatchCount);
    }

    [BrokerFact]
    public async Task Scheduler_HasAStandby_ThatTakesOver()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (active, standby, device) = (await world.ConnectAsync("scheduler"), await world.ConnectAsync("scheduler"), await world.ConnectAsync("d1"));
        var first = BrokerWorld.Register(active, "scheduler");
        await first.OpenedAsync(active, "scheduler");
        var second = BrokerWorld.Register(standby, "scheduler");
        BrokerWorld.Register(device, "edge/d1/1");
        for (var i = 0; i < 10; i++)
            device.Send("edge/d1/1", "scheduler", new Nack { ExpectedPosition = (uint)i });
        for (var i = 0; i < 10; i++)
            await first.NextAsync<Received>();
        Assert.True(second.IsEmpty);

        await active.DisposeAsync(); // what the broker had sent to it is not delivered again
        Assert.Equal(new Received("edge/d1/1", new Welcome()), await second.NextWhileAsync<Received>(() => device.Send("edge/d1/1", "scheduler", new Welcome())));
    }

    [BrokerFact]
    public async Task Address_OfAnotherProcess_IsReportedOnce_AndTakenWhenItIsFree()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var (first, second, device) = (await world.ConnectAsync("w1"), await world.ConnectAsync("w1"), await world.ConnectAsync("d1"));
        var worker = BrokerWorld.Register(first, "worker/w1");
        await worker.OpenedAsync(first, "worker/w1");
        var waiting = BrokerWorld.Register(second, "worker/w1");
        second.Send("worker/w1", "worker/w1", new Welcome());
        Assert.Contains("worker/w1 cannot receive", (await waiting.NextAsync<Undelivered>()).Reason, StringComparison.Ordinal);
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Send("edge/d1/1", "worker/w1", new Welcome());
        await worker.NextAsync<Received>();

        await first.DisposeAsync();
        await waiting.OpenedAsync(second, "worker/w1");
        Assert.Single(world.Reports, report => report.StartsWith("The address worker/w1 cannot receive", StringComparison.Ordinal));
        Assert.True(edge.IsEmpty);
    }

    [BrokerFact]
    public async Task Message_AddsFewBytesOnADevicesLink()
    {
        const int MessageCount = 200;
        const int OverheadBytesMax = 100;
        await using var world = new BrokerWorld(fixture.Node);
        using var link = new TcpProxy(fixture.Node.Port);
        var (back, device) = (await world.ConnectAsync("w1"), await world.ConnectAsync("d1", options => options with { Port = link.Port }));
        var worker = await world.OpenAsync(back, "worker/w1");
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        var step = new DecodeStep { SessionId = 1, Frame = ByteString.CopyFrom(new byte[200]) };
        device.Send("edge/d1/1", "worker/w1", step);
        await worker.NextAsync<Received>();

        var (sent, received) = (link.SentBytes, link.ReceivedBytes);
        for (var i = 0; i < MessageCount; i++)
        {
            device.Send("edge/d1/1", "worker/w1", step);
            await worker.NextAsync<Received>();
            back.Send("worker/w1", "edge/d1/1", step);
            await edge.NextAsync<Received>();
        }

        var (up, down) = ((link.SentBytes - sent) / MessageCount, (link.ReceivedBytes - received) / MessageCount);
        output.WriteLine($"A message of {Envelopes.SizeOf(step)} bytes takes {up} bytes up and {down} bytes down");
        Assert.InRange(up - Envelopes.SizeOf(step), 0, OverheadBytesMax);
        Assert.InRange(down - Envelopes.SizeOf(step), 0, OverheadBytesMax);
    }

    [BrokerFact]
    public async Task Address_ThatIsNotOfTheUser_Throws()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var device = await world.ConnectAsync("d1");
        Assert.Throws<ArgumentException>(() => BrokerWorld.Register(device, "edge/d2/1"));
        Assert.Throws<ArgumentException>(() => BrokerWorld.Register(device, "scheduler"));
        Assert.Throws<ArgumentException>(() => device.Send("worker/w1", "scheduler", new Welcome()));
    }

    [BrokerFact]
    public async Task Register_OfATakenAddress_Throws_UntilItIsGivenUp()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var device = await world.ConnectAsync("d1");
        BrokerWorld.Register(device, "edge/d1/1");
        Assert.Throws<InvalidOperationException>(() => BrokerWorld.Register(device, "edge/d1/1"));
        device.Unregister("edge/d1/1");
        var edge = BrokerWorld.Register(device, "edge/d1/1");
        device.Send("edge/d1/1", "worker/nobody", new Welcome());
        await edge.NextAsync<Undelivered>();
    }
}
