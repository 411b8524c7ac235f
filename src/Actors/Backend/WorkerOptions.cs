using Google.Protobuf;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Backend;

/// <summary>What a worker holds, and its limits.</summary>
public sealed record WorkerOptions
{
    public required string Address { get; init; }

    public required string Scheduler { get; init; }

    public required ByteString ModelDigest { get; init; }

    /// <summary>The layers ℓ+1 … L of the sessions that it serves.</summary>
    public required LayerRange Layers { get; init; }

    public required int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    public int SessionCountMax { get; init; } = 64;

    /// <summary>Most tokens waiting for a batch, over all sessions.</summary>
    public int QueuedRowsMax { get; init; } = 4096;

    /// <summary>Most tokens of one session that are not answered: a device that sends more cannot fill the queue alone.</summary>
    public int SessionQueuedRowsMax { get; init; } = 1024;

    /// <summary>Most tokens of one pass over the weights.</summary>
    public int BatchRowsMax { get; init; } = 128;

    /// <summary>Most bytes of a frame for each of its tokens: float32 at 16,384 values. With <see cref="QueuedRowsMax"/> it bounds the queue's memory.</summary>
    public int FrameBytesPerTokenMax { get; init; } = 1 << 16;

    /// <summary>A session that is silent for this long is dropped; its device can replay it.</summary>
    public TimeSpan SessionIdleMax { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan StatusPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a device is told to wait when the worker is full.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        Limit.RequirePositive(SessionCountMax);
        Limit.RequirePositive(BatchRowsMax);
        Limit.RequirePositive(QueuedRowsMax);
        Limit.RequirePositive(SessionQueuedRowsMax);
        Limit.RequirePositive(FrameBytesPerTokenMax);
        Limit.RequirePositive(SessionIdleMax);
        Limit.RequirePositive(StatusPeriod);
        Limit.RequirePositive(RetryAfter);
    }
}
