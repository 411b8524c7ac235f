using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Edge;

/// <summary>What of keys and values travels when a device hands its session over.</summary>
public enum KvShipment
{
    /// <summary>As they are stored (I_kv = 1): the worker goes on bit for bit.</summary>
    Exact,

    /// <summary>In 4 bits by TAB-Q (I_kv = 1).</summary>
    Compressed,

    /// <summary>None (I_kv = 0): the worker rebuilds them from the hidden states of all tokens, or from token ids.</summary>
    None,
}

/// <summary>How long a device generates alone before it hands its session over [2511.04002, Algorithm 2], and what it ships then.</summary>
public sealed record HandoffOptions
{
    /// <summary>W̄: most tokens that the device generates.</summary>
    public required int TokenCountMax { get; init; }

    public required ModelConfig Config { get; init; }

    /// <summary>How the device stores keys and values.</summary>
    public required KvFormat KvFormat { get; init; }

    /// <summary>D: from the start of the session until the state has arrived; null: none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Null: the least concession that keeps the deadline.</summary>
    public KvShipment? Shipment { get; init; }

    /// <summary>The device's calibration of a split, by which another split than the plan's can have the same compression; null: there is none.</summary>
    public Func<int, SplitCalibration?>? CalibrationOf { get; init; }

    /// <summary>Most positions of keys and values in a message; 64 and more can share grids by channel.</summary>
    public int ChunkTokensMax { get; init; } = 64;
}
