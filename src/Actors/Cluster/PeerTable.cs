using Akka.Actor;

namespace SplitActors.Actors.Cluster;

/// <summary>What an endpoint knows of a peer.</summary>
internal sealed class PeerEntry
{
    /// <summary>From where it wrote last; null: it has not.</summary>
    public IActorRef? Ref { get; set; }

    public bool IsWatched { get; set; }

    /// <summary>Null: nothing is on its way in parts.</summary>
    public ChunkOutbox? Outbox { get; set; }

    public ChunkInbox? Inbox { get; set; }
}

/// <summary>The peers of an endpoint, of which those that wrote last are kept. Belongs to one endpoint.</summary>
internal sealed class PeerTable
{
    /// <summary>Peers that are remembered; beyond, the oldest are forgotten that nothing waits for.</summary>
    public const int PeersMax = 1 << 14;

    /// <summary>Bytes of messages that have arrived in part; a part beyond is dropped.</summary>
    public const long InboundBytesMax = 1L << 29;

    /// <summary>A transfer of which no part arrives for so long is given up.</summary>
    public static readonly TimeSpan StallMax = TimeSpan.FromSeconds(10);

    /// <summary>How often a sender hears what has not arrived yet.</summary>
    public static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, PeerEntry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public IEnumerable<(string Name, PeerEntry Peer)> All => _entries.Select(entry => (entry.Key, entry.Value));

    public long InboundBytes => _entries.Values.Sum(peer => peer.Inbox?.ByteCount ?? 0);

    public PeerEntry? Find(string name) => _entries.GetValueOrDefault(name);

    public PeerEntry Of(string name)
    {
        if (_entries.TryGetValue(name, out var peer))
            return peer;
        for (var count = _order.Count; count > 0 && _entries.Count >= PeersMax; count--)
        {
            var oldest = _order.Dequeue();
            if (_entries.TryGetValue(oldest, out var old) && (old.IsWatched || old.Outbox is not null))
                _order.Enqueue(oldest);
            else
                _entries.Remove(oldest);
        }

        _order.Enqueue(name);
        return _entries[name] = new PeerEntry();
    }

    public void Remove(string name) => _entries.Remove(name);
}
