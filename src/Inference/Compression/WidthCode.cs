namespace SplitActors.Inference.Compression;

/// <summary>
/// The width of a frame as a number for a varint: hidden sizes are mostly multiples of 128, which then take one byte up to 8,064. An odd number stands for a
/// multiple of 128, an even one for any other width.
/// </summary>
internal static class WidthCode
{
    private const uint Unit = 128;

    public static uint Of(uint width) => width % Unit == 0 ? (width / Unit << 1) | 1 : width << 1;

    /// <returns>False for 0, and for a multiple of 128 that is written as another width: each width has one code.</returns>
    public static bool TryRead(uint code, out uint width)
    {
        var isMultiple = (code & 1) != 0;
        width = (uint)Math.Min((ulong)(code >> 1) * (isMultiple ? Unit : 1), uint.MaxValue);
        return width > 0 && (isMultiple || width % Unit != 0);
    }
}
