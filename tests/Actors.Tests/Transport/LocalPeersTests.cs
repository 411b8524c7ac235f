using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Transport;

public sealed class LocalPeersTests
{
    private readonly TransportWorld _world = new();

    private LocalPeers Transport => _world.InProcess;

    [Fact]
    public void Message_ArrivesAsACopyWithItsSender()
    {
        var received = TransportWorld.Register(Transport, "a");
        var sent = new Nack { SessionId = 5 };
        Transport.Send("b", "a", sent);
        sent.SessionId = 6;
        _world.Run();

        Assert.Equal(new Received("b", new Nack { SessionId = 5 }), Assert.Single(received));
    }

    [Fact]
    public void Watches_OfActorsThatAreGone_LeaveNothingBehind()
    {
        TransportWorld.Register(Transport, "worker");
        for (var i = 0; i < 100; i++)
        {
            TransportWorld.Register(Transport, $"edge-{i}");
            Transport.Watch("worker", $"edge-{i}");
            Transport.Unregister($"edge-{i}");
        }

        Assert.Equal(0, Transport.WatchCount);
    }

    [Fact]
    public void Messages_OfOneSender_ArriveInOrder()
    {
        var received = TransportWorld.Register(Transport, "a");
        for (var i = 0u; i < 20; i++)
            Transport.Send("b", "a", new Nack { ExpectedPosition = i });
        _world.Run();

        Assert.Equal(Enumerable.Range(0, 20), received.Select(message => (int)((Nack)((Received)message).Body).ExpectedPosition));
    }

    [Fact]
    public void Message_ToNobody_ComesBackAsUndelivered()
    {
        var received = TransportWorld.Register(Transport, "a");
        Transport.Send("a", "nobody", new Welcome());
        Transport.Send("stranger", "nobody", new Welcome());
        _world.Run();

        Assert.Equal("nobody", Assert.IsType<Undelivered>(Assert.Single(received)).To);
    }

    [Fact]
    public void Message_OfTooManyBytes_ComesBackAsUndelivered()
    {
        var sender = TransportWorld.Register(Transport, "a");
        var receiver = TransportWorld.Register(Transport, "b");
        Transport.Send("a", "b", new DecodeStep { Frame = ByteString.CopyFrom(new byte[Envelopes.BytesMax]) });
        _world.Run();

        Assert.Empty(receiver);
        Assert.Contains($"at most {Envelopes.BytesMax}", Assert.IsType<Undelivered>(Assert.Single(sender)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void UnreadableMessages_AreDroppedAndCounted()
    {
        var received = new List<object>();
        Transport.Deliver("b", received.Add, [0x9A, 0x06, 0x00]); // a newer version's
        Transport.Deliver("b", received.Add, [0xFF]);
        Transport.Deliver("b", received.Add, [0x12, 0x00]);
        _world.Run();

        Assert.Equal(2, Transport.UnreadableCount);
        Assert.Equal(new Received("b", new Welcome()), Assert.Single(received));
    }

    [Fact]
    public void Watcher_IsToldOnceWhenTheAddressIsGivenUp()
    {
        var watcher = TransportWorld.Register(Transport, "watcher");
        TransportWorld.Register(Transport, "a");
        Transport.Watch("a", "watcher");
        Transport.Watch("a", "watcher");
        _world.Run();
        Assert.Empty(watcher);
        Transport.Unregister("a");
        Transport.Unregister("a");
        _world.Run();

        Assert.Equal(new PeerLost("a"), Assert.Single(watcher));
    }

    [Fact]
    public void Watcher_OfNobody_IsToldAtOnce()
    {
        var watcher = TransportWorld.Register(Transport, "watcher");
        Transport.Watch("nobody", "watcher");
        Transport.Watch("nobody", "stranger");
        _world.Run();

        Assert.Equal(new PeerLost("nobody"), Assert.Single(watcher));
    }

    [Fact]
    public void Watch_EndsWithTheAddress_AndIsNeededAgainForTheNextOne()
    {
        var watcher = TransportWorld.Register(Transport, "watcher");
        Action<object> post = new List<object>().Add;
        Transport.Register("a", post);
        Transport.Watch("a", "watcher");
        Transport.Unregister("a");
        Transport.Register("a", post);
        Transport.Unregister("a");
        _world.Run();

        Assert.Single(watcher);
    }

    [Fact]
    public void Register_OfATakenAddress_Throws_UntilItIsGivenUp()
    {
        Action<object> first = new List<object>().Add, second = new List<object>().Add;
        Transport.Register("a", first);
        var exception = Assert.Throws<InvalidOperationException>(() => Transport.Register("a", second));
        Assert.Contains("a is taken", exception.Message, StringComparison.Ordinal);
        Transport.Unregister("a");
        Transport.Register("a", second);
    }
}
