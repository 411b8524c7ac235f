using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Akka.Actor;
using Google.Protobuf;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>Who is let in, and that one who is not stops nobody.</summary>
public sealed class MemberTlsTests : IAsyncDisposable
{
    private const string Worker = "worker/gpu1";
    private const string Edge = "edge/pi1/7";

    private readonly TestCertificates _certificates = new();
    private readonly List<string> _told = [];
    private readonly List<TestNode> _nodes = [];
    private readonly TestNode _cloud;

    public MemberTlsTests() => _cloud = Start(new TestNode(serves: true, slot: "gpu1", tls: _certificates.Good("cloud1", Tell)));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Enumerable.Reverse(_nodes))
            await node.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Members_WithCertificatesOfOneAuthority_JoinAndTalk()
    {
        await StillServesAsync();
        Assert.Empty(Told);
    }

    [Theory]
    [InlineData("foreign", "is not of this cluster's authority of nodes")]
    [InlineData("device", "is not of this cluster's authority of nodes")]
    [InlineData("expired", "valid from")]
    [InlineData("not yet valid", "valid from")]
    public async Task Stranger_ThatDials_IsRefusedAndToldOnce(string kind, string why)
    {
        var heard = new List<string>();
        var stranger = Start(new TestNode(slot: "gpu2", tls: _certificates.Bad(kind, heard.Add), join: $"127.0.0.1:{_cloud.Port}"));
        await TestNode.UntilAsync(() => Told.Count > 0, "the stranger is told of");
        await StillServesAsync();

        Assert.Contains(why, Assert.Single(Told), StringComparison.Ordinal);
        Assert.False(stranger.System.WhenTerminated.IsCompleted);
        Assert.DoesNotContain(Akka.Cluster.Cluster.Get(_cloud.System).State.Members, member => member.Address.Port == stranger.Port);
    }

    [Fact]
    public void Refusal_AMinuteLater_IsToldOnceAllTheSame()
    {
        var clock = new VirtualTimeProvider(TimeProvider.System.GetUtcNow());
        var told = new List<string>();
        var tls = _certificates.Good("cloud2", told.Add, clock);
        using var expired = _certificates.Issue("expired", "gpu2");
        for (var minute = 0; minute < 3; minute++)
        {
            tls.Report("10.0.0.7:40001", tls.WhyRefused(expired, SslPolicyErrors.None)!);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Contains("here it is", Assert.Single(told), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("foreign", "is not of this cluster's authority of nodes")]
    [InlineData("device", "is not of this cluster's authority of nodes")]
    [InlineData("expired", "valid from")]
    [InlineData("other host", "is not for the host that was dialled")]
    public async Task Stranger_ThatIsDialled_IsRefusedAndToldOnce_AndEndsNobody(string kind, string why)
    {
        var stranger = Start(new TestNode(slot: "gpu2", tls: _certificates.Bad(kind)));
        await DialAsync(stranger.Port);
        await DialAsync(stranger.Port);
        await StillServesAsync();

        Assert.Contains(why, Assert.Single(Told), StringComparison.Ordinal);
        Assert.False(_cloud.System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task Peer_ThatRefusesThisNode_EndsNobody()
    {
        using var others = new TestCertificates();
        var heard = new List<string>();
        var peer = Start(new TestNode(slot: "gpu2", tls: new NodeTls(_certificates.Issue("good", "gpu2"), others.Authority, TimeProvider.System, heard.Add)));
        await DialAsync(peer.Port);
        await StillServesAsync();

        Assert.Contains("cloud1 is not of this cluster's authority of nodes", Assert.Single(heard), StringComparison.Ordinal);
        Assert.False(_cloud.System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task Peer_WithoutTls_EndsNobody()
    {
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        var answering = Task.Run(async () =>
        {
            var client = await plain.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("220 mail.example ESMTP\r\n"u8.ToArray());
            return client;
        });
        await DialAsync(((IPEndPoint)plain.LocalEndpoint).Port);
        using var client = await answering;
        await TestNode.UntilAsync(() => Told.Count > 0, "it is told of");
        var device = await StillServesAsync();

        Assert.Contains("does not speak TLS", Assert.Single(Told), StringComparison.Ordinal);
        var shutdown = CoordinatedShutdown.Get(_cloud.System);
        Assert.NotNull(shutdown.ShutdownReason); // Akka.NET has begun to end the node, and is held
        HandshakeFailures.Of(_cloud.System).Release();
        await shutdown.Run(CoordinatedShutdown.ClrExitReason.Instance);
        await device.UpAsync(1);
        await TestNode.UntilAsync(() => _cloud.System.WhenTerminated.IsCompleted, "it ends");
    }

    [Fact]
    public async Task Dialler_WithoutTls_IsCutOff_AndEndsNobody()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _cloud.Port);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        await client.GetStream().CopyToAsync(Stream.Null); // ends only when the other side closes
        await StillServesAsync();
    }

    private List<string> Told
    {
        get
        {
            lock (_told)
                return [.. _told];
        }
    }

    /// <summary>As remoting dials for a message: it comes to nobody, and what the gate said is known when it is asked for.</summary>
    private async Task DialAsync(int port)
    {
        var before = Told.Count;
        var address = Akka.Cluster.Cluster.Get(_cloud.System).SelfAddress.WithPort(port);
        var gated = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listener = _cloud.System.ActorOf(ActorProps.Of(() => new AssociationErrors(gated)));
        _cloud.System.EventStream.Subscribe(listener, typeof(Akka.Remote.AssociationErrorEvent));
        await TestNode.UntilAsync(
            () =>
            {
                _cloud.System.ActorSelection(new RootActorPath(address) / "user" / "nobody").Tell(new Identify(1), listener); // goes nowhere while the address is not dialled again
                return gated.Task.IsCompleted;
            },
            "dialling fails");
        _cloud.System.Stop(listener);
        Assert.InRange(Told.Count - before, 0, 1);
    }

    /// <summary>A device joins, and its worker answers.</summary>
    private async Task<TestNode> StillServesAsync()
    {
        var device = Start(new TestNode(device: "pi1", tls: _certificates.Good("pi1"), join: $"127.0.0.1:{_cloud.Port}"));
        _cloud.React = (name, peers, message) =>
        {
            if (message is Received { Body: DecodeStep step } received)
                peers.Send(name, received.From, new StepResult { NextPosition = (uint)step.Frame.Length });
        };
        await device.UpAsync(2);
        device.StartEdge(Edge);
        await device.SendAsync(Edge, Worker, new DecodeStep { Frame = ByteString.CopyFrom(new byte[200_000]) });
        Assert.Equal(200_000u, ((StepResult)(await device.NextAsync<Received>(Edge)).Body).NextPosition);
        return device;
    }

    private TestNode Start(TestNode node)
    {
        _nodes.Add(node);
        return node;
    }

    private void Tell(string report)
    {
        lock (_told)
            _told.Add(report);
    }

    private sealed class AssociationErrors(TaskCompletionSource gated) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is Akka.Remote.AssociationErrorEvent)
                gated.TrySetResult();
        }
    }
}
