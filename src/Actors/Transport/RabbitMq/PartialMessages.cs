using System.Buffers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// Puts messages together again. The parts of a message arrive in order, and those of two messages from one sender to one receiver not mixed:
/// what differs from that was lost in part or is none of ours. Bounded in number, bytes and age, for each user and in all. Thread-safe.
/// </summary>
internal sealed class PartialMessages(RabbitMqOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string To, string From), Partial> _partials = [];
    private long _byteCount;

    public int Count
    {
        get
        {
            lock (_lock)
                return _partials.Count;
        }
    }

    public long ByteCount
    {
        get
        {
            lock (_lock)
                return _byteCount;
        }
    }

    /// <param name="part">What follows the header.</param>
    /// <param name="now">Time since any fixed moment.</param>
    /// <param name="message">All its bytes, if the result is <see cref="ArrivalStatus.Ok"/>.</param>
    public ArrivalStatus Add(string to, string from, string user, PartHeader header, ReadOnlySpan<byte> part, TimeSpan now, out ReadOnlyMemory<byte> message)
    {
        message = default;
        lock (_lock)
        {
            var status = Add((to, from), user, header, part, now);
            if (status == ArrivalStatus.Ok)
                message = _partials[(to, from)].Bytes;
            if (status != ArrivalStatus.Incomplete)
                Remove((to, from));
            return status;
        }
    }

    /// <summary>A sender begins another message: what it did not end before is dropped.</summary>
    public void Drop(string to, string from)
    {
        lock (_lock)
            Remove((to, from));
    }

    /// <returns>How many messages were too old.</returns>
    public int DropOld(TimeSpan now)
    {
        lock (_lock)
        {
            var old = _partials.Where(partial => now - partial.Value.GrewAt > options.PartialAgeMax).Select(partial => partial.Key).ToList();
            foreach (var key in old)
                Remove(key);
            return old.Count;
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _partials.Clear();
            _byteCount = 0;
        }
    }

    private ArrivalStatus Add((string To, string From) key, string user, PartHeader header, ReadOnlySpan<byte> part, TimeSpan now)
    {
        var ofUser = _partials.Where(partial => partial.Value.User == user && partial.Key != key).Select(partial => partial.Value.ByteCount).ToList();
        if (header.Index == 0)
        {
            Remove(key);
            if (_partials.Count >= options.PartialCountMax || ofUser.Count >= options.PartialCountPerUserMax)
                return ArrivalStatus.TooManyPartials;
            _partials[key] = new Partial(user, header.MessageId, header.Count);
        }

        if (!_partials.TryGetValue(key, out var partial) || !partial.IsNext(header))
            return ArrivalStatus.PartsMissing;
        if (partial.ByteCount + part.Length > Envelopes.BytesMax)
            return ArrivalStatus.TooLarge;
        if (ofUser.Sum() + partial.ByteCount + part.Length > options.PartialBytesPerUserMax || _byteCount + part.Length > options.PartialBytesMax)
            return ArrivalStatus.TooManyPartials;
        partial.Append(part, now);
        _byteCount += part.Length;
        return partial.IsComplete ? ArrivalStatus.Ok : ArrivalStatus.Incomplete;
    }

    private void Remove((string To, string From) key)
    {
        if (_partials.Remove(key, out var partial))
            _byteCount -= partial.ByteCount;
    }

    private sealed class Partial(string user, uint messageId, ushort count)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private int _nextIndex;

        public string User => user;

        public TimeSpan GrewAt { get; private set; }

        public long ByteCount => _bytes.WrittenCount;

        public bool IsComplete => _nextIndex == count;

        public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

        public bool IsNext(PartHeader header) => header.MessageId == messageId && header.Count == count && header.Index == _nextIndex;

        public void Append(ReadOnlySpan<byte> part, TimeSpan now)
        {
            _bytes.Write(part);
            _nextIndex++;
            GrewAt = now;
        }
    }
}
