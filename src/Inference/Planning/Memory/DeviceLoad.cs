using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>How a device runs its part.</summary>
public sealed record DeviceLoad
{
    /// <summary>What lies on the device.</summary>
    public DeviceShare Share { get; init; } = DeviceShare.Front;

    /// <summary>W̄: most tokens of a sequence, prompt included, that it has room for.</summary>
    public required int TokenCountMax { get; init; }

    /// <summary>Most rows of a pass through a prompt.</summary>
    public required int ChunkRows { get; init; }

    public required int ThreadCount { get; init; }

    /// <summary>Bytes kept of each token for replay: its frame.</summary>
    public long ReplayBytesPerToken { get; init; }

    /// <summary>Bytes of what is not quantized; null: 2 for each weight.</summary>
    public StoredSizes? Stored { get; init; }

    /// <summary>What the process takes without a model.</summary>
    public long RuntimeBytes { get; init; } = DeviceMemory.RuntimeBytesDefault;
}
