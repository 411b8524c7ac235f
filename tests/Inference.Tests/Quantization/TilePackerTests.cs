using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class TilePackerTests
{
    [Fact]
    public void UnpackBlock_PackedRows_GivesTheirCodes() => Property.Holds(1000, QuantizationCase.Any, matrix =>
    {
        var layout = matrix.Layout;
        var rows = matrix.Codes();
        var tile = new byte[layout.TileBytes];
        var scales = new Half[layout.GroupCount];
        var rowsOfTile = Math.Min(rows.Length, TileLayout.TileRows);
        for (var row = rowsOfTile - 1; row >= 0; row--) // in any order
            TilePacker.PackRow(layout, row, rows[row], scales, tile);
        for (var row = 0; row < rowsOfTile; row++)
            Assert.Equal(rows[row], Unpack(layout, row, tile));
    });

    [Theory]
    [MemberData(nameof(QuantizationCase.Formats), MemberType = typeof(QuantizationCase))]
    public void Clear_UsedTile_HoldsWeightZero(int bits, int groupSize)
    {
        var layout = new TileLayout(3, 130, new WeightFormat(bits, groupSize));
        var tile = new byte[layout.TileBytes];
        Array.Fill(tile, (byte)0x5a);
        TilePacker.Clear(layout, tile);
        Assert.All(tile[..layout.ScalesBytes], value => Assert.Equal(0, value));
        for (var row = 0; row < TileLayout.TileRows; row++)
            Assert.All(Unpack(layout, row, tile), code => Assert.Equal(layout.Format.ZeroCode, code));
    }

    /// <summary>Computed from the documented layout by another program.</summary>
    [Theory]
    [InlineData(8, "030a1118 1f262d34 3b424950 575e656c 737a8188 8f969da4 abb2b9c0 c7ced5dc")]
    [InlineData(4, "50617283 fa0b1c2d a5b6c7d8 4f506172")]
    [InlineData(3, "e4394e93 394e93e4 da92b6a4")]
    [InlineData(2, "e4394e93 394e93e4")]
    public void PackRow_OneBlock_HasTheGoldenBytes(int bits, string lanes)
    {
        const int Row = 5;
        var layout = new TileLayout(TileLayout.TileRows, TileLayout.BlockColumns, new WeightFormat(bits));
        byte[] codes = [.. Enumerable.Range(0, TileLayout.BlockColumns).Select(k =>
            (byte)(bits == 8 ? (7 * k) + 3 : (k + (k / 4) + (k / 16)) % (1 << bits)))];
        var tile = new byte[layout.TileBytes];
        TilePacker.PackRow(layout, Row, codes, [(Half)1.5f], tile);

        var expected = new byte[tile.Length];
        expected[(2 * Row) + 1] = 0x3e; // 1.5 is 0x3e00 in fp16
        var planes = lanes.Split(' ').Select(Convert.FromHexString).ToArray();
        for (var plane = 0; plane < planes.Length; plane++)
            planes[plane].CopyTo(expected, 64 + (64 * plane) + (4 * Row));
        Assert.Equal(expected, tile);
    }

    private static byte[] Unpack(TileLayout layout, int row, byte[] tile)
    {
        var codes = new byte[layout.BlockCount * TileLayout.BlockColumns];
        for (var block = 0; block < layout.BlockCount; block++)
            TilePacker.UnpackBlock(layout, row, block, tile, codes.AsSpan(block * TileLayout.BlockColumns, TileLayout.BlockColumns));
        return codes;
    }
}
