using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Tests.Transport;

public sealed class InProcessTransportTests
{
    private readonly TransportWorld _world = new();

    private LocalPeers Transport => _world.InProcess;

    [Fact]
    public void Message_ArrivesAsACopyWithItsSender()
    {
        var received = _world.Register(Transport, "a");
        var sent = new Nack { SessionId = 5 };
        Transport.Send("b", "a", sent);
        sent.SessionId = 6;
        _world.Run();

        Assert.Equal(new Received("b", new Nack { SessionId = 5 }), Assert.Single(received));
    }

    [Fact]
    public void Watches_OfActorsThatAreGone_LeaveNothingBehind()
    {
        _world.Register(Transport, "worker");
        for (var i = 0; i < 100; i++)
        {
            _world.Register(Transport, $"edge-{i}");
            Transport.Watch("worker", $"edge-{i}");
            Transport.Unregister($"edge-{i}");
        }

        Assert.Equal(0, Transport.WatchCount);
    }

    [Fact]
    public void Messages_OfOneSender_ArriveInOrder()
    {
        var received = _world.Register(Transport, "a");
        for (var i = 0u; i < 20; i++)
            Transport.Send("b", "a", new Nack { ExpectedPosition = i });
        _world.Run();

        Assert.Equal(Enumerable.Range(0, 20), received.Select(message => (int)((Nack)((Received)message).Body).ExpectedPosition));
    }

    [Fact]
    public void Message_ToNobody_ComesBackAsUndelivered()
    {
        var received = _world.Register(Transport, "a");
        Transport.Send("a", "nobody", new Welcome());
        Transport.Send("stranger", "nobody", new Welcome());
        _world.Run();

        Assert.Equal("nobody", Assert.IsType<Undelivered>(Assert.Single(received)).To);
    }

    [Fact]
    public void Message_OfTooManyBytes_ComesBackAsUndelivered()
    {
        var sender = _world.Register(Transport, "a");
        var receiver = _world.Register(Transport, "b");
        Transport.Send("a", "b", new DecodeStep { Frame = ByteString.CopyFrom(new byte[Envelopes.BytesMax]) });
        _world.Run();

        Assert.Empty(receiver);
        Assert.Contains($"at most {Envelopes.BytesMax}", Assert.IsType<Undelivered>(Assert.Single(sender)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Message_ToAFullMailbox_ComesBackAsRejected()
    {
        var sender = _world.Register(Transport, "a");
        _world.Register(Transport, "b", mailboxCapacity: 1);
        Transport.Send("a", "b", new Welcome());
        Transport.Send("a", "b", new Nack());
        _world.Run();

        Assert.Equal(new Received("a", new Nack()), Assert.IsType<MessageRejected>(Assert.Single(sender)).Message);
        Assert.Equal([DeadLetterReason.MailboxFull], _world.DeadLetterReasons);
    }

    [Fact]
    public void UnreadableMessages_AreDroppedAndCounted()
    {
        var (actor, received) = _world.SpawnProbe("a");
        Transport.Deliver("b", actor, [0x9A, 0x06, 0x00]); // a newer version's
        Transport.Deliver("b", actor, [0xFF]);
        Transport.Deliver("b", actor, [0x12, 0x00]);
        _world.Run();

        Assert.Equal(2, Transport.UnreadableCount);
        Assert.Equal(new Received("b", new Welcome()), Assert.Single(received));
    }

    [Fact]
    public void Watcher_IsToldOnceWhenTheAddressIsGivenUp()
    {
        var watcher = _world.Register(Transport, "watcher");
        _world.Register(Transport, "a");
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
        var watcher = _world.Register(Transport, "watcher");
        Transport.Watch("nobody", "watcher");
        Transport.Watch("nobody", "stranger");
        _world.Run();

        Assert.Equal(new PeerLost("nobody"), Assert.Single(watcher));
    }

    [Fact]
    public void Watch_EndsWithTheAddress_AndIsNeededAgainForTheNextOne()
    {
        var watcher = _world.Register(Transport, "watcher");
        var actor = _world.SpawnProbe("first").Actor;
        Transport.Register("a", actor);
        Transport.Watch("a", "watcher");
        Transport.Unregister("a");
        Transport.Register("a", actor);
        Transport.Unregister("a");
        _world.Run();

        Assert.Single(watcher);
    }

    [Fact]
    public void Register_OfATakenAddress_Throws_UntilItIsGivenUp()
    {
        var (first, second) = (_world.SpawnProbe("first").Actor, _world.SpawnProbe("second").Actor);
        Transport.Register("a", first);
        Transport.Register("a", first);
        var exception = Assert.Throws<InvalidOperationException>(() => Transport.Register("a", second));
        Assert.Contains("a is taken", exception.Message, StringComparison.Ordinal);
        Transport.Unregister("a");
        Transport.Register("a", second);
    }
}
