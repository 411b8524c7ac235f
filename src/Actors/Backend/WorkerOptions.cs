using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;

namespace SplitActors.Actors.Backend;

/// <summary>What a worker holds, and its limits.</summary>
public sealed record WorkerOptions
{
    public required string Address { get; init; }

    public required string Scheduler { get; init; }

    public required ByteString ModelDigest { get; init; }

    /// <summary>The layers f+1 … L that it holds: it serves sessions of every split ℓ with f ≤ ℓ &lt; L, in cloud mode (ℓ = 0) if it holds all.</summary>
    public required LayerRange Layers { get; init; }

    /// <summary>Of the calibration that it has (<see cref="Inference.Calibration.ModelCalibration.Id"/>); 0: none.</summary>
    public ulong CalibrationId { get; init; }

    /// <summary>Workers of one id compute the same bits (<see cref="Numerics.IdOf"/>).</summary>
    public ulong NumericsId { get; init; }

    public required int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>
    /// How its sessions' keys and values are stored, and so what a token takes of <see cref="KvBytesMax"/> in a session of all <see cref="Layers"/>; in others less.
    /// </summary>
    public required KvLayout KvLayout { get; init; }

    /// <summary>
    /// Most bytes of keys and values. A session is admitted only if all tokens that it may hold fit beside those of the others, so that none
    /// runs out of memory halfway. Memory that sessions of one split have used serves those of another once none of the former is left. The default of
    /// 1 GiB holds 32,768 tokens of a 1B model (16 layers, 8 KV heads of 64) at 16 bits.
    /// </summary>
    public long KvBytesMax { get; init; } = 1L << 30;

    public int SessionCountMax { get; init; } = 64;

    /// <summary>Most sessions of one device, so that none takes all places; null: half of <see cref="SessionCountMax"/>.</summary>
    public int? DeviceSessionCountMax { get; init; }

    /// <summary>
    /// Most tokens that all sessions of one device may come to hold; null: half of what <see cref="KvBytesMax"/> holds in sessions of all
    /// <see cref="Layers"/>.
    /// </summary>
    public long? DeviceTokenCountMax { get; init; }

    /// <summary>Most tokens waiting for a batch, over all sessions.</summary>
    public int QueuedRowsMax { get; init; } = 4096;

    /// <summary>Most tokens of one session that are not answered: a device that sends more cannot fill the queue alone.</summary>
    public int SessionQueuedRowsMax { get; init; } = 1024;

    /// <summary>Most tokens of one pass over the weights.</summary>
    public int BatchRowsMax { get; init; } = 128;

    /// <summary>Most tokens of prompts, and of what devices send again, in one pass, but for a single step that has more.</summary>
    public int PromptRowsMax { get; init; } = 64;

    /// <summary>When a step is due after it arrived if its session was promised no time per token, and of a prompt: the most urgent ones are computed first.</summary>
    public TimeSpan TokenTimeDefault { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Most bytes of a frame for each of its tokens: float32 at 16,384 values. With <see cref="QueuedRowsMax"/> it bounds the queue's memory.</summary>
    public int FrameBytesPerTokenMax { get; init; } = 1 << 16;

    /// <summary>A session that is silent for this long is dropped; its device can replay it.</summary>
    public TimeSpan SessionIdleMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A session that is silent for this long may be dropped earlier, if another one needs its memory or its place.</summary>
    public TimeSpan EvictableAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a worker that leaves waits for its sessions to move; looked at with every message, and so at least once in a <see cref="StatusPeriod"/>.</summary>
    public TimeSpan LeaveTimeMax { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan StatusPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a device is told to wait when the worker is full.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>What its machine takes in the format of its weights, and of its keys and values; null if that was not measured.</summary>
    public MachineProfile? Costs { get; init; }

    internal DeviceLimit DeviceLimit => new(
        DeviceSessionCountMax ?? ((SessionCountMax + 1) / 2),
        DeviceTokenCountMax ?? (Math.Max(1, KvBytesMax / Math.Max(1, KvLayout.PageBytes) / 2) * KvLayout.PagePositions));

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        Limit.RequirePositive(KvBytesMax);
        Limit.RequirePositive(SessionCountMax);
        Limit.RequirePositive(DeviceLimit.SessionCountMax);
        Limit.RequirePositive(DeviceLimit.TokenCountMax);
        Limit.RequirePositive(BatchRowsMax);
        Limit.RequirePositive(PromptRowsMax);
        Limit.RequirePositive(QueuedRowsMax);
        Limit.RequirePositive(SessionQueuedRowsMax);
        Limit.RequirePositive(FrameBytesPerTokenMax);
        Limit.RequirePositive(SessionIdleMax);
        Limit.RequirePositive(TokenTimeDefault);
        Limit.RequirePositive(EvictableAfter);
        Limit.RequirePositive(LeaveTimeMax);
        Limit.RequirePositive(StatusPeriod);
        Limit.RequirePositive(RetryAfter);
    }
}
