using Google.Protobuf;
using SplitActors.Actors.Cluster.Wire;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// What waits to leave for one peer, in order: long messages in parts of <see cref="PeerFrames.ChunkBytes"/>, of which <see cref="PeerFrames.Window"/> may be on their way, and
/// whatever comes behind them. So heartbeats and other sessions' tokens find their way between two parts. Belongs to one endpoint.
/// </summary>
internal sealed class ChunkOutbox(string from, string to)
{
    private readonly Queue<(byte[] Envelope, ulong Transfer)> _waiting = new();
    private readonly Queue<(ulong Transfer, uint Index, int ByteCount)> _travelling = new();
    private int _nextOffset; // within the first that waits

    /// <summary>Bytes that have not arrived.</summary>
    public long ByteCount { get; private set; }

    public bool IsEmpty => ByteCount == 0;

    /// <summary>Something that waits has not been cut yet: what comes now must queue behind it.</summary>
    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>When a part last arrived, or the first one left.</summary>
    public TimeSpan ProgressAt { get; private set; }

    public void Add(byte[] envelope, ulong transfer, TimeSpan now)
    {
        if (IsEmpty)
            ProgressAt = now;
        _waiting.Enqueue((envelope, transfer));
        ByteCount += envelope.Length;
    }

    /// <summary>Parts that may leave now.</summary>
    public IEnumerable<Chunk> TakeReady()
    {
        while (_travelling.Count < PeerFrames.Window && _waiting.TryPeek(out var first))
        {
            var (envelope, transfer) = first;
            var byteCount = Math.Min(PeerFrames.ChunkBytes, envelope.Length - _nextOffset);
            var chunk = new Chunk
            {
                From = from,
                To = to,
                Transfer = transfer,
                Index = (uint)(_nextOffset / PeerFrames.ChunkBytes),
                Count = (uint)((envelope.Length + PeerFrames.ChunkBytes - 1) / PeerFrames.ChunkBytes),
                Bytes = UnsafeByteOperations.UnsafeWrap(envelope.AsMemory(_nextOffset, byteCount)),
            };
            _travelling.Enqueue((transfer, chunk.Index, byteCount));
            _nextOffset += byteCount;
            if (_nextOffset == envelope.Length)
            {
                _waiting.Dequeue();
                _nextOffset = 0;
            }

            yield return chunk;
        }
    }

    /// <summary>What a credit names has arrived, and so has all before it.</summary>
    public void Credit(ChunkCredit credit, TimeSpan now)
    {
        if (!_travelling.Any(part => part.Transfer == credit.Transfer && part.Index < credit.NextIndex))
            return; // of what was given up
        while (_travelling.TryPeek(out var part) && (part.Transfer < credit.Transfer || (part.Transfer == credit.Transfer && part.Index < credit.NextIndex)))
        {
            ByteCount -= part.ByteCount;
            _travelling.Dequeue();
            ProgressAt = now;
        }
    }
}

/// <summary>The parts of one peer's message, put together in order. Belongs to one endpoint.</summary>
internal sealed class ChunkInbox
{
    private readonly List<ByteString> _parts = [];
    private ulong _transfer;

    /// <summary>Bytes that are kept.</summary>
    public long ByteCount { get; private set; }

    /// <returns>Whether the part was the next one; another one is dropped, and what came before it of the same message.</returns>
    public bool Add(Chunk chunk)
    {
        if (chunk.Index == 0)
            Clear();
        var isNext = chunk.Index == _parts.Count && (chunk.Index == 0 || chunk.Transfer == _transfer) && chunk.Index < chunk.Count
            && chunk.Bytes.Length is > 0 and <= PeerFrames.ChunkBytes && ByteCount + chunk.Bytes.Length <= PeerFrames.MessageBytesMax;
        if (!isNext)
        {
            Clear();
            return false;
        }

        _transfer = chunk.Transfer;
        _parts.Add(chunk.Bytes);
        ByteCount += chunk.Bytes.Length;
        return true;
    }

    /// <summary>All parts as one, which are kept no longer.</summary>
    public byte[] Take()
    {
        var envelope = new byte[ByteCount];
        var offset = 0;
        foreach (var part in _parts)
        {
            part.Span.CopyTo(envelope.AsSpan(offset));
            offset += part.Length;
        }

        Clear();
        return envelope;
    }

    public void Clear()
    {
        _parts.Clear();
        ByteCount = 0;
    }
}
