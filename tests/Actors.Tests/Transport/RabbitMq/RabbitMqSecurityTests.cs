using Google.Protobuf;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>Device d2 is hostile; d1's session with the scheduler and worker w1 must not notice.</summary>
[Collection(BrokerTests.Name)]
[Trait("Needs", "Broker")]
public sealed class RabbitMqSecurityTests(BrokerFixture fixture)
{
    private const ushort AccessRefused = Constants.AccessRefused;

    private static readonly byte[] Message = [(byte)PartKind.Whole, .. Envelopes.Wrap(new Welcome()).ToByteArray()];

    [BrokerFact]
    public async Task Tls_WithCertificatesOfOneAuthority_Connects()
    {
        using var own = fixture.Authority.Issue("w1");
        await using var world = new BrokerWorld(fixture.Node);
        var worker = await world.ConnectAsync("w1", options => WithTls(options, fixture.Authority.ClientTls(own)));
        var inbox = BrokerWorld.Register(worker, "worker/w1");
        worker.Send("worker/w1", "worker/nobody", new Welcome());
        await inbox.NextAsync<Undelivered>();
    }

    [BrokerFact]
    public async Task Tls_WithACertificateOfAnotherAuthority_IsRefused()
    {
        using var stranger = TestAuthority.Create("Another");
        using var foreign = stranger.Issue("w1");
        using var own = fixture.Authority.Issue("w1");
        await using var world = new BrokerWorld(fixture.Node);

        await RefusedAsync(world, fixture.Authority.ClientTls(foreign)); // by the broker
        await RefusedAsync(world, stranger.ClientTls(own)); // by the client: the broker is not trusted
        await RefusedAsync(world, fixture.Authority.ClientTls(own, serverName: "another.host"));
    }

    [BrokerFact]
    public async Task WrongPassword_IsRefused_WithAnErrorThatSaysSo()
    {
        await using var world = new BrokerWorld(fixture.Node);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("d1", options => options with { Password = "a guess" }));
        Assert.Equal(UserErrorKind.Cluster, error.Kind);
        Assert.Contains("a user and password that the broker knows", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a guess", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("d1", options => options with { User = "guest", Password = "guest" }));
        var elsewhere = await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("d1", options => options with { VirtualHost = "/" }));
        Assert.Contains("virtual host", elsewhere.Message, StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Device_CannotReadWhatIsAnothers()
    {
        await using var victim = new Victim(fixture.Node);
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");

        foreach (var queue in new[] { "edge/d1/1", "worker/w1", "scheduler" })
        {
            Assert.NotNull(await hostile.RefusalAsync(channel => channel.BasicConsumeAsync(queue, autoAck: true, new AsyncEventingBasicConsumer(channel))));
            Assert.NotNull(await hostile.RefusalAsync(channel => channel.BasicGetAsync(queue, autoAck: true)));
            Assert.NotNull(await hostile.RefusalAsync(channel => channel.QueuePurgeAsync(queue)));
            Assert.NotNull(await hostile.RefusalAsync(channel => channel.QueueDeleteAsync(queue)));
            Assert.NotNull(await hostile.RefusalAsync(channel => channel.QueueUnbindAsync(queue, BrokerTopology.Fabric, queue)));
        }

        // Its own queue, with what is for others.
        foreach (var (exchange, key) in new[] { (BrokerTopology.Fabric, "edge/d1/1"), (BrokerTopology.Fabric, "#"), (BrokerTopology.Fabric, "edge/d2/1.#"), (BrokerTopology.Ingress, "edge/d2/1"), (BrokerTopology.Ingress, "scheduler") })
        {
            Assert.Equal(AccessRefused, await hostile.RefusalAsync(async channel =>
            {
                await channel.QueueDeclareAsync("edge/d2/1", durable: false, exclusive: true, autoDelete: true);
                await channel.QueueBindAsync("edge/d2/1", exchange, key);
            }));
        }

        await victim.AssertUndisturbedAsync();
    }

    [BrokerFact]
    public async Task Device_CannotPublishToOthersThanServers()
    {
        await using var victim = new Victim(fixture.Node);
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");
        var properties = new BasicProperties { UserId = "d2", ReplyTo = "edge/d2/1" };

        foreach (var queue in new[] { "edge/d1/1", "worker/w1", "scheduler" })
        {
            Assert.Equal(AccessRefused, await PublishAsync("", queue)); // straight to the queue
            Assert.Equal(AccessRefused, await PublishAsync(BrokerTopology.Fabric, queue)); // as servers do
        }

        Assert.Equal(AccessRefused, await PublishAsync(BrokerTopology.Ingress, "edge/d1/1"));
        Assert.Equal(AccessRefused, await hostile.RefusalAsync(channel => channel.ExchangeDeclareAsync("edge/d2/x/y", ExchangeType.Topic)));
        Assert.Equal(AccessRefused, await hostile.RefusalAsync(channel => channel.ExchangeDeleteAsync(BrokerTopology.Ingress)));

        // RabbitMQ before 4.0 does not compare the keys in these headers with the user's permissions.
        var copies = new BasicProperties { UserId = "d2", ReplyTo = "edge/d2/1", Headers = new Dictionary<string, object?>(StringComparer.Ordinal) { ["CC"] = new List<object> { "edge/d1/1" } } };
        await hostile.PublishAsync(BrokerTopology.Ingress, "worker/nobody", copies, Message);
        await victim.AssertUndisturbedAsync();

        Task<ushort?> PublishAsync(string exchange, string key) =>
            hostile.RefusalAsync(async channel => await channel.BasicPublishAsync(exchange, key, mandatory: false, properties, Message));
    }

    [BrokerFact]
    public async Task ForgedSenders_AreDropped_AndReportedOnce()
    {
        await using var victim = new Victim(fixture.Node);
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");

        // The broker refuses another's name; who gives none is not believed.
        Assert.Equal((ushort)Constants.PreconditionFailed, await hostile.RefusalAsync(async channel =>
            await channel.BasicPublishAsync(BrokerTopology.Ingress, "scheduler", mandatory: false, new BasicProperties { UserId = "d1", ReplyTo = "edge/d1/1" }, Message)));
        foreach (var from in new[] { "edge/d1/1", "scheduler", "worker/w1", "worker/d2", "edge/d2", "edge/d2/\n", "" })
        {
            await hostile.PublishAsync(BrokerTopology.Ingress, "scheduler", new BasicProperties { UserId = "d2", ReplyTo = from }, Message);
            await hostile.PublishAsync(BrokerTopology.Ingress, "scheduler", new BasicProperties { ReplyTo = from }, Message);
        }

        await victim.AssertUndisturbedAsync();
        Assert.Equal(14, victim.Cloud.DroppedCount);
        Assert.Equal(2, victim.World.Reports.Count); // of user d2, and of none
    }

    [BrokerFact]
    public async Task MessagesOfServers_ThatADevicePassesOn_AreDropped()
    {
        await using var victim = new Victim(fixture.Node);
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");
        await using var channel = await hostile.OpenChannelAsync();

        // What the scheduler sends to d2 goes on to the worker, with the scheduler's name as the broker verified it.
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-dead-letter-exchange"] = BrokerTopology.Ingress, ["x-dead-letter-routing-key"] = "worker/w1" };
        await channel.QueueDeclareAsync("edge/d2/1", durable: false, exclusive: true, autoDelete: false, arguments);
        await channel.QueueBindAsync("edge/d2/1", BrokerTopology.Fabric, "edge/d2/1");
        victim.Cloud.Send("scheduler", "edge/d2/1", new Rejected());
        BasicGetResult? delivery = null;
        while (delivery is null)
            delivery = await channel.BasicGetAsync("edge/d2/1", autoAck: false);
        await channel.BasicRejectAsync(delivery.DeliveryTag, requeue: false);

        await hostile.PublishAsync(BrokerTopology.Ingress, "worker/w1", new BasicProperties { UserId = "d2", ReplyTo = "edge/d2/1" }, Message);
        Assert.Equal(new Received("edge/d2/1", new Welcome()), await victim.Worker.NextAsync<Received>()); // and nothing before it
        await victim.AssertUndisturbedAsync();
        Assert.Equal(1, victim.Back.DroppedCount);
    }

    [BrokerFact]
    public async Task DamagedAndOversizedMessages_AreRefused_AndReportedOnce()
    {
        await using var victim = new Victim(fixture.Node);
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");
        var properties = new BasicProperties { UserId = "d2", ReplyTo = "edge/d2/1" };

        byte[][] damaged = [[], [0], [255], [1, 255], [2, 0], [2, .. new byte[8]], [2, .. new byte[20]], [3, 3], [.. Message, 255]];
        foreach (var body in damaged)
            await hostile.PublishAsync(BrokerTopology.Ingress, "scheduler", properties, body);
        Assert.Equal((ushort)Constants.PreconditionFailed, await hostile.RefusalAsync(async channel =>
            await channel.BasicPublishAsync(BrokerTopology.Ingress, "scheduler", mandatory: false, properties, new byte[200_000])));

        await victim.AssertUndisturbedAsync();
        Assert.Equal(damaged.Length, victim.Cloud.DroppedCount);
        Assert.Single(victim.World.Reports);
    }

    [BrokerFact]
    public async Task EndlessMessages_AreDropped_BeforeTheyFillTheMemory()
    {
        await using var victim = new Victim(fixture.Node, options => options with { PartialCountPerUserMax = 2, PartialBytesPerUserMax = 500_000 });
        await victim.StartAsync();
        await using var hostile = await RawClient.ConnectAsync(fixture.Node, "d2");
        await using var channel = await hostile.OpenChannelAsync();
        for (ushort index = 0; index < 10; index++)
        {
            for (var session = 0; session < 4; session++)
            {
                var part = new byte[100_000];
                new PartHeader(PartKind.Part, 1, index, ushort.MaxValue).Write(part);
                await channel.BasicPublishAsync(BrokerTopology.Ingress, "scheduler", mandatory: false, new BasicProperties { UserId = "d2", ReplyTo = $"edge/d2/{session}" }, part);
            }
        }

        // d1's long message is put together nevertheless.
        await hostile.PublishAsync(BrokerTopology.Ingress, "scheduler", new BasicProperties { UserId = "d2", ReplyTo = "edge/d2/9" }, Message);
        await victim.Scheduler.NextAsync<Received>();
        await victim.AssertUndisturbedAsync(frameBytes: 300_000);
        Assert.InRange(victim.Cloud.DroppedCount, 30, 40);
    }

    [BrokerFact]
    public async Task User_WithTooManyConnections_IsRefused()
    {
        await using var world = new BrokerWorld(fixture.Node);
        for (var i = 0; i < 16; i++)
            await world.ConnectAsync("d3");
        await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("d3"));
        await world.ConnectAsync("d2");
    }

    private RabbitMqOptions WithTls(RabbitMqOptions options, BrokerTls tls) => options with { Port = fixture.Node.TlsPort, Tls = tls };

    private async Task RefusedAsync(BrokerWorld world, BrokerTls tls)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => world.ConnectAsync("w1", options => WithTls(options, tls)));
        Assert.StartsWith("The broker w1@localhost", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Scheduler, worker w1 and device d1, at work.</summary>
    private sealed class Victim(BrokerNode node, Func<RabbitMqOptions, RabbitMqOptions>? change = null) : IAsyncDisposable
    {
        private RabbitMqTransport? _cloud;
        private RabbitMqTransport? _back;
        private RabbitMqTransport? _device;
        private Inbox? _edge;

        public BrokerWorld World { get; } = new(node);

        public RabbitMqTransport Cloud => _cloud!;

        public RabbitMqTransport Back => _back!;

        public Inbox Scheduler { get; private set; } = new();

        public Inbox Worker { get; private set; } = new();

        public async Task StartAsync()
        {
            _cloud = await World.ConnectAsync("scheduler", change);
            _back = await World.ConnectAsync("w1", change);
            _device = await World.ConnectAsync("d1");
            Scheduler = await World.OpenAsync(_cloud, "scheduler");
            Worker = await World.OpenAsync(_back, "worker/w1");
            _edge = BrokerWorld.Register(_device, "edge/d1/1");
            await AssertUndisturbedAsync();
        }

        /// <summary>Everyone reaches everyone still, and nobody has received anything else.</summary>
        public async Task AssertUndisturbedAsync(int frameBytes = 0)
        {
            var step = new DecodeStep { SessionId = 7, Frame = ByteString.CopyFrom(new byte[frameBytes]) };
            foreach (var (address, transport, inbox) in new[] { ("scheduler", Cloud, Scheduler), ("worker/w1", Back, Worker) })
            {
                _device!.Send("edge/d1/1", address, step);
                Assert.Equal(new Received("edge/d1/1", step), await inbox.NextAsync<Received>());
                transport.Send(address, "edge/d1/1", new Welcome());
                Assert.Equal(new Received(address, new Welcome()), await _edge!.NextAsync<Received>());
            }

            Assert.Equal(0, Cloud.OutageCount + Back.OutageCount + _device!.OutageCount);
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
