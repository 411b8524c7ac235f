namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>How keys and values are coded before they cross the link. The defaults are measured on the embedded model: see docs/wire-format.md.</summary>
public sealed record KvFrameOptions
{
    /// <summary>From so many positions on, a grid for each channel costs less than it saves.</summary>
    public const int ChannelPositionsMin = 64;

    /// <summary>Copies what the cache stores, bit for bit, so that the receiver goes on exactly as the sender would have.</summary>
    public static KvFrameOptions Lossless { get; } = new() { Codec = FrameCodec.None };

    /// <summary>TAB-Q at 4 bits with τ = 6.5rms.</summary>
    public static KvFrameOptions Default { get; } = new();

    /// <summary><see cref="FrameCodec.None"/> or <see cref="FrameCodec.Tabq"/>.</summary>
    public FrameCodec Codec { get; init; } = FrameCodec.Tabq;

    public TabqOptions Tabq { get; init; } = new(TabqOptions.DefaultThreshold, distortionTolerance: 0, bitsMax: 4, bitsMin: 4);

    /// <summary>Which values share a grid; null: by channel from <see cref="ChannelPositionsMin"/> positions on, by layer below.</summary>
    public KvGrouping? Grouping { get; init; }

    internal KvGrouping GroupingFor(int positionCount) => Grouping ?? (positionCount >= ChannelPositionsMin ? KvGrouping.Channel : KvGrouping.Layer);
}
