using System.Runtime.InteropServices;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// Puts the codes of a row into the bits of its tile, and gets them out again, as <see cref="TileLayout"/> says. It works on quads: the codes
/// of four neighbouring columns in the four bytes of a number, which is how they lie in a 32-bit lane.
/// </summary>
internal static class TilePacker
{
    private const int LaneBytes = sizeof(uint);
    private const uint LowTwoBits = 0x03030303;
    private const uint LowBit = 0x01010101;
    private const uint LowNibble = 0x0f0f0f0f;

    /// <summary>Quads of a block.</summary>
    private const int QuadCount = TileLayout.BlockColumns / 4;

    /// <summary>Makes every weight of a tile 0.</summary>
    /// <param name="layout">The matrix.</param>
    /// <param name="tile">[TileBytes]</param>
    public static void Clear(in TileLayout layout, Span<byte> tile)
    {
        tile.Clear();
        Span<byte> codes = stackalloc byte[TileLayout.BlockColumns];
        codes.Fill((byte)layout.Format.ZeroCode);
        for (var block = 0; block < layout.BlockCount; block++)
        {
            for (var row = 0; row < TileLayout.TileRows; row++)
                PackBlock(layout, codes, Block(layout, block, tile), row);
        }
    }

    /// <summary>Writes one row; the others of the tile stay.</summary>
    /// <param name="layout">The matrix.</param>
    /// <param name="rowInTile">0 to 15</param>
    /// <param name="codes">[blocks · 32]</param>
    /// <param name="scales">[groups]</param>
    /// <param name="tile">[TileBytes]</param>
    public static void PackRow(in TileLayout layout, int rowInTile, ReadOnlySpan<byte> codes, ReadOnlySpan<Half> scales, Span<byte> tile)
    {
        var tileScales = MemoryMarshal.Cast<byte, Half>(tile[..layout.ScalesBytes]);
        for (var group = 0; group < layout.GroupCount; group++)
            tileScales[(group * TileLayout.TileRows) + rowInTile] = scales[group];
        for (var block = 0; block < layout.BlockCount; block++)
            PackBlock(layout, codes.Slice(block * TileLayout.BlockColumns, TileLayout.BlockColumns), Block(layout, block, tile), rowInTile);
    }

    /// <summary>Reads the codes of one row and block.</summary>
    /// <param name="layout">The matrix.</param>
    /// <param name="rowInTile">0 to 15</param>
    /// <param name="block">0 to BlockCount − 1</param>
    /// <param name="tile">[TileBytes]</param>
    /// <param name="codes">[32], written</param>
    public static void UnpackBlock(in TileLayout layout, int rowInTile, int block, ReadOnlySpan<byte> tile, Span<byte> codes)
    {
        var lanes = MemoryMarshal.Cast<byte, uint>(tile.Slice(layout.ScalesBytes + (block * layout.BlockBytes), layout.BlockBytes))[rowInTile..];
        var quads = MemoryMarshal.Cast<byte, uint>(codes);
        for (var quad = 0; quad < QuadCount; quad++)
        {
            quads[quad] = layout.Format.Bits switch
            {
                8 => Lane(lanes, quad),
                4 => (Lane(lanes, quad / 2) >> (4 * (quad % 2))) & LowNibble,
                2 => LowTwoBitsOf(lanes, quad),
                _ => LowTwoBitsOf(lanes, quad) | (((Lane(lanes, plane: 2) >> quad) & LowBit) << 2),
            };
        }
    }

    private static void PackBlock(in TileLayout layout, ReadOnlySpan<byte> codes, Span<byte> block, int rowInTile)
    {
        var quads = MemoryMarshal.Cast<byte, uint>(codes);
        var lanes = MemoryMarshal.Cast<byte, uint>(block)[rowInTile..];
        for (var plane = 0; plane < layout.PlaneCount; plane++)
        {
            Lane(lanes, plane) = layout.Format.Bits switch
            {
                8 => quads[plane],
                4 => quads[2 * plane] | (quads[(2 * plane) + 1] << 4),
                3 when plane == 2 => HighBits(quads),
                _ => LowBits(quads.Slice(4 * plane, 4)),
            };
        }
    }

    private static Span<byte> Block(in TileLayout layout, int block, Span<byte> tile) =>
        tile.Slice(layout.ScalesBytes + (block * layout.BlockBytes), layout.BlockBytes);

    private static ref uint Lane(Span<uint> lanes, int plane) => ref lanes[plane * TileLayout.PlaneBytes / LaneBytes];

    private static uint Lane(ReadOnlySpan<uint> lanes, int plane) => lanes[plane * TileLayout.PlaneBytes / LaneBytes];

    private static uint LowBits(ReadOnlySpan<uint> quads)
    {
        var lane = 0u;
        for (var j = 0; j < quads.Length; j++)
            lane |= (quads[j] & LowTwoBits) << (2 * j);
        return lane;
    }

    private static uint HighBits(ReadOnlySpan<uint> quads)
    {
        var lane = 0u;
        for (var j = 0; j < QuadCount; j++)
            lane |= ((quads[j] >> 2) & LowBit) << j;
        return lane;
    }

    private static uint LowTwoBitsOf(ReadOnlySpan<uint> lanes, int quad) => (Lane(lanes, quad / 4) >> (2 * (quad % 4))) & LowTwoBits;
}
