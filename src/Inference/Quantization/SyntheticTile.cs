using System.Runtime.InteropServices;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// A tile of uniform codes with one scale for all: a matrix of such tiles multiplies activations of mean square 1 to a mean square of 1.
/// </summary>
internal static class SyntheticTile
{
    /// <param name="tile">[TileBytes], written</param>
    /// <param name="layout">Of its matrix.</param>
    /// <param name="seed">The same seed gives the same tile.</param>
    public static void Fill(Span<byte> tile, TileLayout layout, ulong seed)
    {
        double zeroCode = layout.Format.ZeroCode;
        var scale = (Half)(1 / Math.Sqrt(layout.ColumnCount * ((zeroCode * zeroCode / 3) + (1 / 6.0))));
        MemoryMarshal.Cast<byte, Half>(tile[..layout.ScalesBytes]).Fill(scale);
        SyntheticBytes.Fill(tile[layout.ScalesBytes..], seed);
    }
}

/// <summary>A row of weights of one magnitude and random signs, in BF16, with the same property.</summary>
internal static class SyntheticRow
{
    private const ushort SignBit = 0x8000;

    /// <param name="row">[columns], written</param>
    /// <param name="seed">The same seed gives the same row.</param>
    public static void Fill(Span<ushort> row, ulong seed)
    {
        var bytes = MemoryMarshal.AsBytes(row);
        SyntheticBytes.Fill(bytes[..(bytes.Length / sizeof(ulong) * sizeof(ulong))], seed);
        var magnitude = ToBFloat16(1 / MathF.Sqrt(row.Length));
        foreach (ref var weight in row)
            weight = (ushort)((weight & SignBit) | magnitude);
    }

    public static ushort ToBFloat16(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
}
