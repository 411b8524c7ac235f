using System.Collections.Concurrent;
using Google.Protobuf;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Peers;

/// <summary>
/// Names within one process. Every message is serialized and parsed again, so that what works here works on a wire,
/// and nothing is shared between sender and receiver.
/// </summary>
public sealed class LocalPeers : IPeers
{
    private readonly ConcurrentDictionary<string, Action<object>> _posts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _watchers = new(StringComparer.Ordinal);
    private long _unreadableCount;

    /// <summary>Messages dropped because they could not be read: damaged, or of a newer version.</summary>
    public long UnreadableCount => Interlocked.Read(ref _unreadableCount);

    /// <summary>Watches that are still to be answered.</summary>
    internal int WatchCount
    {
        get
        {
            lock (_watchers)
                return _watchers.Values.Sum(watchers => watchers.Count);
        }
    }

    public void Register(string address, Action<object> post)
    {
        if (!_posts.TryAdd(address, post))
            throw new InvalidOperationException($"The address {address} is taken.");
    }

    public void Unregister(string address)
    {
        HashSet<string>? watchers;
        lock (_watchers)
        {
            _posts.TryRemove(address, out _);
            _watchers.Remove(address, out watchers);
            foreach (var others in _watchers.Values)
                others.Remove(address);
        }

        foreach (var watcher in watchers ?? [])
            Post(watcher, new PeerLost(address));
    }

    public void Send(string from, string to, IMessage body)
    {
        var bytes = Envelopes.Wrap(body).ToByteArray();
        if (bytes.Length > Envelopes.BytesMax)
            Post(from, new Undelivered(to, $"the message has {bytes.Length} bytes; at most {Envelopes.BytesMax} travel"));
        else if (_posts.TryGetValue(to, out var receiver))
            Deliver(from, receiver, bytes);
        else
            Post(from, new Undelivered(to, "nobody has this address"));
    }

    /// <summary>What cannot be read is dropped: a newer sender may use messages that this version does not know.</summary>
    internal void Deliver(string from, Action<object> receiver, ReadOnlySpan<byte> bytes)
    {
        if (Envelopes.Read(bytes, out var body) == EnvelopeStatus.Ok)
            receiver(new Received(from, body!));
        else
            Interlocked.Increment(ref _unreadableCount);
    }

    public void Watch(string address, string watcher)
    {
        lock (_watchers)
        {
            if (_posts.ContainsKey(address))
            {
                if (!_watchers.TryGetValue(address, out var watchers))
                    _watchers[address] = watchers = new HashSet<string>(StringComparer.Ordinal);
                watchers.Add(watcher);
                return;
            }
        }

        Post(watcher, new PeerLost(address));
    }

    private void Post(string address, object message) => _posts.GetValueOrDefault(address)?.Invoke(message);
}
