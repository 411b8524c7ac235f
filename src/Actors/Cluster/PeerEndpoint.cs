using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Google.Protobuf;
using SplitActors.Actors.Cluster.Wire;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// A name in the cluster: it has one child, which runs a shell, supervises it, and carries its messages: short ones at once, long ones in parts. Who wrote to it is known from
/// then on; a peer counts as lost when the association with its node ends, its node is unreachable, or its endpoint stops.
/// </summary>
public sealed class PeerEndpoint : UntypedActor, IWithTimers
{
    /// <summary>Messages that wait for the child to start.</summary>
    private const int EarlyMax = 256;

    private readonly string _name;
    private readonly ClusterRoutes _routes;
    private readonly Action<string>? _report;
    private readonly Func<IPeers, Props>? _child;
    private readonly bool _stopsWithChild;
    private readonly Action? _ended;
    private readonly PeerTable _peers = new();
    private readonly Queue<object> _early = new();
    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);
    private Action<object>? _post;
    private bool _isOver;
    private ulong _transferCount;

    private PeerEndpoint(string name, ClusterRoutes routes, Func<IPeers, Props>? child, bool stopsWithChild, Action<string>? report, Action<IActorRef>? started, Action? ended)
    {
        (_name, _routes, _child, _stopsWithChild, _report, _ended) = (name, routes, child, stopsWithChild, report, ended);
        started?.Invoke(Self);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => TimeSpan.FromTicks(Context.System.Scheduler.Now.Ticks);

    /// <param name="name">Its own.</param>
    /// <param name="routes">To others.</param>
    /// <param name="child">Makes the actor that runs the shell; null: it runs elsewhere.</param>
    /// <param name="stopsWithChild">Else it stays and says that nobody is here: an entity of a shard would be started again by the next message.</param>
    /// <param name="report">Told of messages that no honest node sends, in a sentence.</param>
    /// <param name="started">Told of each new endpoint.</param>
    /// <param name="ended">Told when its child has stopped.</param>
    public static Props Props(
        string name, ClusterRoutes routes, Func<IPeers, Props>? child, bool stopsWithChild, Action<string>? report = null, Action<IActorRef>? started = null, Action? ended = null) =>
        ActorProps.Of(() => new PeerEndpoint(name, routes, child, stopsWithChild, report, started, ended));

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
        _routes.Cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, [typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.UnreachableMember)]);
        if (_child is not null)
            Context.Watch(Context.ActorOf(_child(new EndpointPeers(_name, Self)), "shell"));
    }

    protected override void PostStop()
    {
        _routes.Cluster.Unsubscribe(Self);
        Context.System.EventStream.Unsubscribe(Self);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new TopSupervision().Create();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Outbound outbound: Send(outbound.To, outbound.Body); break;
            case PeerMessage peer: Receive(peer); break;
            case Chunk chunk: Receive(chunk); break;
            case ChunkCredit credit: Receive(credit); break;
            case Gone gone when IsFrom(gone.From): Lose(gone.From, "nobody has this address any more"); break;
            case WatchPeer watch: Watch(watch.Name); break;
            case Attach attach: Start(attach.Post); break;
            case Detach: End(); break;
            case Terminated terminated: Ended(terminated.ActorRef); break;
            case DisassociatedEvent ended: LoseAll(ended.RemoteAddress); break;
            case ClusterEvent.UnreachableMember unreachable: LoseAll(unreachable.Member.Address); break;
            case ClusterEvent.MemberRemoved removed: LoseAll(removed.Member.Address); break;
            case TransfersDue: CheckTransfers(); break;
            case StopEndpoint: Context.Stop(Self); break;
            case WakeSlot or ClusterEvent.IMemberEvent or ClusterEvent.UnreachableMember: break;
            default: Post(message); break; // a command of this process: nothing else passes the serializer
        }
    }

    private void Start(Action<object> post)
    {
        _post = post;
        while (_early.TryDequeue(out var message))
            post(message);
    }

    /// <summary>The shell is gone with all that it knew of its sessions; those who wrote to it hear so at once.</summary>
    private void End()
    {
        _post = null;
        foreach (var (name, peer) in _peers.All)
            Route(name, peer)?.Tell(new Gone { From = _name, To = name }, Self);
        if (_child is null)
            Context.Stop(Self);
    }

    private void Ended(IActorRef actor)
    {
        if (actor.Path.Parent.Equals(Self.Path))
        {
            _isOver = true;
            _early.Clear();
            _ended?.Invoke();
            if (_stopsWithChild)
                Context.Stop(Self);
            return;
        }

        foreach (var (name, peer) in _peers.All.Where(entry => actor.Equals(entry.Peer.Ref)).ToList())
        {
            peer.Ref = null;
            Lose(name, "it has stopped");
        }
    }

    private void Post(object message)
    {
        if (_post is not null)
            _post(message);
        else if (!_isOver && _early.Count < EarlyMax)
            _early.Enqueue(message);
    }

    private void Send(string to, IMessage body)
    {
        var peer = _peers.Of(to);
        if (Route(to, peer) is not { } route)
        {
            Post(new Undelivered(to, WhyNoRoute(to)));
            return;
        }

        var envelope = Envelopes.Wrap(body);
        var size = envelope.CalculateSize();
        if (size > PeerFrames.MessageBytesMax)
        {
            Post(new Undelivered(to, $"the message has {size} bytes; at most {PeerFrames.MessageBytesMax} travel"));
        }
        else if (size <= PeerFrames.ChunkBytes && peer.Outbox?.HasWaiting != true)
        {
            route.Tell(new PeerMessage { From = _name, To = to, Body = envelope }, Self);
        }
        else
        {
            (peer.Outbox ??= new ChunkOutbox(_name, to)).Add(envelope.ToByteArray(), ++_transferCount, Now);
            Pump(to, peer, route);
            TellProgress(to, peer.Outbox);
            StartChecks();
        }
    }

    private void Receive(PeerMessage message)
    {
        if (!Admit(message.From, message.To))
            return;
        if (message.Body is { } envelope && Envelopes.Unwrap(envelope) is { } body)
            Post(new Received(message.From, body)); // else of a newer version: dropped
    }

    private void Receive(Chunk chunk)
    {
        if (!Admit(chunk.From, chunk.To))
            return;
        var peer = _peers.Of(chunk.From);
        var inbox = peer.Inbox ??= new ChunkInbox();
        if (!inbox.Add(chunk))
            return; // one before it was lost: its sender hears of no credit, and gives the message up
        if (_peers.InboundBytes > PeerTable.InboundBytesMax)
        {
            inbox.Clear();
            return;
        }

        var isLast = chunk.Index + 1 == chunk.Count;
        if (isLast || (chunk.Index + 1) % (PeerFrames.Window / 2) == 0)
            peer.Ref!.Tell(new ChunkCredit { From = _name, To = chunk.From, Transfer = chunk.Transfer, NextIndex = chunk.Index + 1 }, Self);
        if (isLast && Envelopes.Read(inbox.Take(), out var body) == EnvelopeStatus.Ok)
            Post(new Received(chunk.From, body!));
    }

    private void Receive(ChunkCredit credit)
    {
        if (!IsFrom(credit.From) || _peers.Find(credit.From) is not { Outbox: { } outbox } peer)
            return;
        outbox.Credit(credit, Now);
        if (Route(credit.From, peer) is { } route)
            Pump(credit.From, peer, route);
        if (outbox.IsEmpty)
        {
            peer.Outbox = null;
            Post(new Outgoing(credit.From, 0));
        }
    }

    private void Pump(string to, PeerEntry peer, IActorRef route)
    {
        foreach (var chunk in peer.Outbox!.TakeReady())
            route.Tell(chunk, Self);
    }

    /// <summary>Knows who writes from now on, if it may speak under that name; says that nobody is here if so.</summary>
    private bool Admit(string from, string to)
    {
        if (!IsFrom(from))
            return false;
        var peer = _peers.Of(from);
        if (!Sender.Equals(peer.Ref))
        {
            peer.Ref = Sender;
            if (peer.IsWatched)
                Context.Watch(Sender);
        }

        if (to == _name && !_isOver)
            return true;
        Sender.Tell(new Gone { From = to, To = from }, Self);
        return false;
    }

    private bool IsFrom(string name)
    {
        if (_peers.Find(name) is { Ref: { } known } && known.Equals(Sender))
            return true;
        if (_routes.Permits(name, Sender.Path.Address))
            return true;
        if (_reported.Count < EarlyMax && _reported.Add(Sender.Path.Address.ToString()))
            _report?.Invoke($"{_name} refused a message of {Sender.Path.Address}: it is not {name}. Further ones of this node are not reported.");
        return false;
    }

    /// <summary>Servers by their names, as they may be elsewhere by now; devices by where they wrote from.</summary>
    private IActorRef? Route(string name, PeerEntry peer) => _routes.Find(name, out _) ?? peer.Ref;

    private string WhyNoRoute(string name)
    {
        _ = _routes.Find(name, out var why);
        return why;
    }

    private void Watch(string name)
    {
        var peer = _peers.Of(name);
        if (Route(name, peer) is null)
        {
            Post(new PeerLost(name));
            return;
        }

        peer.IsWatched = true;
        if (peer.Ref is { } known)
            Context.Watch(known);
    }

    private void LoseAll(Address node)
    {
        foreach (var (name, peer) in _peers.All.Where(entry => (entry.Peer.Ref?.Path.Address ?? _routes.NodeOf(entry.Name)) == node).ToList())
            Lose(name, "the connection with its node has ended");
    }

    private void Lose(string name, string why)
    {
        if (_peers.Find(name) is not { } peer)
            return;
        _peers.Remove(name);
        if (peer.Ref is { } known && peer.IsWatched)
            Context.Unwatch(known);
        if (peer.Outbox is not null)
            Post(new Undelivered(name, why));
        if (peer.IsWatched)
            Post(new PeerLost(name));
    }

    private void StartChecks()
    {
        if (!Timers.IsTimerActive(nameof(TransfersDue)))
            Timers.StartPeriodicTimer(nameof(TransfersDue), new TransfersDue(), PeerTable.ProgressPeriod);
    }

    /// <summary>Tells what has not arrived yet, and gives up what stands still.</summary>
    private void CheckTransfers()
    {
        foreach (var (name, peer) in _peers.All.Where(entry => entry.Peer.Outbox is not null).ToList())
        {
            if (Now - peer.Outbox!.ProgressAt < PeerTable.StallMax)
            {
                TellProgress(name, peer.Outbox);
                continue;
            }

            peer.Outbox = null;
            Post(new Undelivered(name, "its parts do not arrive"));
        }

        if (!_peers.All.Any(entry => entry.Peer.Outbox is not null))
            Timers.Cancel(nameof(TransfersDue));
    }

    private void TellProgress(string to, ChunkOutbox outbox) => Post(new Outgoing(to, outbox.ByteCount));

    private sealed record TransfersDue : INoSerializationVerificationNeeded;
}
