namespace SplitActors.Inference.Compression;

/// <summary>Bounds that a frame must keep; a decoder checks them before it trusts any size.</summary>
public static class FrameLimits
{
    /// <summary>Most tokens in a frame.</summary>
    public const int RowsMax = 1 << 16;

    /// <summary>Widest hidden state.</summary>
    public const int WidthMax = 1 << 16;

    /// <summary>Most values (rows × width) in a frame: 256 MiB of float32.</summary>
    public const int ValuesMax = 1 << 26;

    /// <summary>Longest payload: the raw codec at <see cref="ValuesMax"/>. No codec writes a longer one.</summary>
    public const int PayloadBytesMax = ValuesMax * sizeof(float);
}
