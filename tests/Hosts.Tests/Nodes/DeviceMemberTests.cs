using System.Collections.Concurrent;
using Akka.Actor;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A device, and a node with a scheduler that answers whatever it gets.</summary>
public sealed class DeviceMemberTests : IAsyncLifetime
{
    private const string Model = "aa";
    private const string Edge = "edge/pi1/7";

    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(2);

    private static readonly string Scheduler = PeerNames.SchedulerOf(Model);

    private readonly ConcurrentQueue<string> _reports = new();
    private readonly BlockingCollection<object> _inbox = [];
    private ClusterMember _cloud = null!;
    private DeviceMember _device = null!;

    public async Task InitializeAsync()
    {
        var actors = new MemberActors { Schedulers = [new SchedulerSingleton(Model, peers => ActorProps.Of(() => new Echo(peers)))] };
        _cloud = await ClusterMember.StartAsync(SettingsOf([]), actors, TimeSpan.Zero, _reports.Enqueue);
        var cluster = Akka.Cluster.Cluster.Get(_cloud.System);
        cluster.Join(cluster.SelfAddress);
        _device = (await DeviceMember.JoinAsync(new MemberAddress("127.0.0.1", 0, Public: null, [_cloud.Address], Certificate: null, Overrides: null), "pi1", TimeMax, _reports.Enqueue, CancellationToken.None))!;
        _device.Register(Edge, _inbox.Add);
    }

    public async Task DisposeAsync()
    {
        await _device.DisposeAsync();
        await _cloud.DisposeAsync();
    }

    [Fact]
    public void Name_SendsAndReceives()
    {
        Exchange(position: 1);

        Assert.Empty(_reports);
    }

    [Fact]
    public async Task Name_OfADeviceThatIsGivenUp_LosesItsPeers_AndFindsThemAgain()
    {
        Exchange(position: 1);
        _device.Watch(Scheduler, Edge);
        GiveUpDevice();
        Assert.Equal(new PeerLost(Scheduler), Next(message => message is PeerLost));

        using var limit = new CancellationTokenSource(TimeMax);
        object? answer = null;
        for (; answer is not Received; await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token)) // what is sent before it has joined again is lost, or comes back
        {
            _device.Send(Edge, Scheduler, new Nack { ExpectedPosition = 2 });
            while (answer is not Received && _inbox.TryTake(out answer))
                Assert.True(answer is Undelivered or Received, $"{answer}");
        }

        Assert.Equal(new Received(Scheduler, new Nack { ExpectedPosition = 2 }), answer);
    }

    [Fact]
    public void Name_ThatIsGivenUp_GetsNothingMore()
    {
        Exchange(position: 1);
        _device.Unregister(Edge);
        _device.Send(Edge, Scheduler, new Nack());

        Assert.False(_inbox.TryTake(out _));
    }

    private static MemberSettings SettingsOf(string[] seeds) => new() { Host = "127.0.0.1", Port = 0, Seeds = [.. seeds], Roles = [] };

    private void GiveUpDevice()
    {
        var cluster = Akka.Cluster.Cluster.Get(_cloud.System);
        cluster.Down(cluster.State.Members.Single(member => member.HasRole(ClusterRoles.Edge)).Address);
    }

    private void Exchange(uint position)
    {
        _device.Send(Edge, Scheduler, new Nack { ExpectedPosition = position });
        Assert.Equal(new Received(Scheduler, new Nack { ExpectedPosition = position }), Next(_ => true));
    }

    private object Next(Func<object, bool> fits)
    {
        using var limit = new CancellationTokenSource(TimeMax);
        while (true)
        {
            if (_inbox.Take(limit.Token) is var message && fits(message))
                return message;
        }
    }

    private sealed class Echo : UntypedActor
    {
        private readonly IPeers _peers;

        public Echo(IPeers peers)
        {
            _peers = peers;
            var self = Self;
            peers.Register(Scheduler, message => self.Tell(message));
        }

        protected override void OnReceive(object message)
        {
            if (message is Received received)
                _peers.Send(Scheduler, received.From, received.Body);
        }
    }
}
