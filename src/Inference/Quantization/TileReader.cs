using System.Runtime.InteropServices;

namespace SplitActors.Inference.Quantization;

/// <summary>Turns tiles back into floats: <c>w = scale·(code − ZeroCode)</c>. Exact: 11 bits of the scale times 8 of the code fit into float32.</summary>
internal static class TileReader
{
    /// <param name="layout">The matrix.</param>
    /// <param name="tile">[TileBytes]</param>
    /// <param name="rowInTile">0 to 15</param>
    /// <param name="destination">[columns], written</param>
    public static void CopyRow(in TileLayout layout, ReadOnlySpan<byte> tile, int rowInTile, Span<float> destination)
    {
        Span<byte> codes = stackalloc byte[TileLayout.BlockColumns];
        var scales = MemoryMarshal.Cast<byte, Half>(tile[..layout.ScalesBytes]);
        var zeroCode = layout.Format.ZeroCode;
        for (var block = 0; block < layout.BlockCount; block++)
        {
            var start = block * TileLayout.BlockColumns;
            var scale = (float)scales[(start / layout.Format.GroupSize * TileLayout.TileRows) + rowInTile];
            TilePacker.UnpackBlock(layout, rowInTile, block, tile, codes);
            var weights = destination[start..Math.Min(start + TileLayout.BlockColumns, destination.Length)];
            for (var i = 0; i < weights.Length; i++)
                weights[i] = scale * (codes[i] - zeroCode);
        }
    }
}
