namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>A message on its way to the broker. <paramref name="Bytes"/> are those of its envelope.</summary>
internal sealed record OutgoingMessage(string From, string To, ReadOnlyMemory<byte> Bytes);

/// <summary>What is published next.</summary>
internal readonly record struct OutgoingPart(OutgoingMessage Message, PartHeader Header, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Its message is no longer in the outbox.</summary>
    public bool IsLast => Header.Index == Header.Count - 1;
}

/// <summary>
/// Messages waiting to be published, bounded in number and bytes: in order for each sender and receiver, and in turn, part by part, between
/// pairs, so that a long message delays nobody else's. Thread-safe.
/// </summary>
internal sealed class Outbox(RabbitMqOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string From, string To), Way> _ways = [];
    private readonly Queue<Way> _turns = new(); // those with messages
    private int _count;
    private long _byteCount;
    private uint _nextMessageId;

    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <returns>Why the message is not taken; null if it is.</returns>
    public string? TryAdd(OutgoingMessage message)
    {
        lock (_lock)
        {
            if (_count >= options.OutgoingCountMax)
                return $"{_count} messages are waiting for the broker already";
            if (_byteCount + message.Bytes.Length > options.OutgoingBytesMax)
                return $"{_byteCount} bytes are waiting for the broker already";
            _count++;
            _byteCount += message.Bytes.Length;
            var key = (message.From, message.To);
            if (!_ways.TryGetValue(key, out var way))
            {
                _ways[key] = way = new Way(key);
                _turns.Enqueue(way);
            }

            way.Messages.Enqueue(message);
            return null;
        }
    }

    public bool TryTake(out OutgoingPart part)
    {
        lock (_lock)
        {
            part = default;
            if (!_turns.TryDequeue(out var way))
                return false;
            part = Next(way);
            if (way.Messages.Count > 0)
                _turns.Enqueue(way);
            else
                _ways.Remove(way.Key);
            return true;
        }
    }

    /// <summary>Empties it. A message of which parts are gone already is among those returned.</summary>
    public IReadOnlyList<OutgoingMessage> Drain()
    {
        lock (_lock)
        {
            var messages = _turns.SelectMany(way => way.Messages).ToList();
            _turns.Clear();
            _ways.Clear();
            (_count, _byteCount) = (0, 0);
            return messages;
        }
    }

    private OutgoingPart Next(Way way)
    {
        var message = way.Messages.Peek();
        if (message.Bytes.Length <= options.PartBytesMax)
        {
            End(way, message);
            return new OutgoingPart(message, PartHeader.Whole, message.Bytes);
        }

        if (way.NextIndex == 0)
            way.MessageId = _nextMessageId++;
        var index = way.NextIndex++;
        var count = (message.Bytes.Length + options.PartBytesMax - 1) / options.PartBytesMax;
        var start = index * options.PartBytesMax;
        var bytes = message.Bytes.Slice(start, Math.Min(options.PartBytesMax, message.Bytes.Length - start));
        if (index == count - 1)
            End(way, message);
        return new OutgoingPart(message, new PartHeader(PartKind.Part, way.MessageId, (ushort)index, (ushort)count), bytes);
    }

    private void End(Way way, OutgoingMessage message)
    {
        way.Messages.Dequeue();
        way.NextIndex = 0;
        _count--;
        _byteCount -= message.Bytes.Length;
    }

    private sealed class Way((string From, string To) key)
    {
        public (string From, string To) Key => key;

        public Queue<OutgoingMessage> Messages { get; } = new();

        public uint MessageId { get; set; }

        public int NextIndex { get; set; }
    }
}
