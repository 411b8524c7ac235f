using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.Entropy;
using SplitActors.Inference.Tests.Compression.Entropy;

namespace SplitActors.Inference.Tests.Compression;

public class TableFamilyTests
{
    public static TheoryData<int, int> Grids()
    {
        var grids = new TheoryData<int, int>();
        for (var bits = QuantizationGrid.ConstantBits; bits <= TabqOptions.BitsHighest; bits++)
        {
            grids.Add(bits, 0);
            grids.Add(bits, -1);
        }

        return grids;
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void For_EveryShape_CanCodeEverySymbol(int bits, int zeroPoint)
    {
        var grid = new QuantizationGrid(bits, 1, zeroPoint);
        var tables = TableFamily.For(grid);
        Assert.Equal(TableFamily.ShapeCount, tables.Count);
        for (var shape = 0; shape < TableFamily.ShapeCount; shape++)
            Assert.All(Enumerable.Range(0, RansTables.SymbolCountMax), symbol => Assert.Equal(symbol < grid.SymbolCount, tables.Frequency(shape, symbol) > 0));
    }

    /// <summary>Stored frames depend on every one of them.</summary>
    [Fact]
    public void For_EveryGrid_HasTheFrequenciesItAlwaysHad() =>
        Assert.Equal(
            "7d02c0e8bf3f017403bd7177d7a59fa91476c63ce6f111928f0c78ebfbbbfea3",
            FrequencyDigest.Of(Grids().Select(row => TableFamily.For(new QuantizationGrid((int)row[0], 1, (int)row[1])))));

    [Fact]
    public void Choose_Levels_TakesTheCheapestShape()
    {
        int[] levelCounts = [60, 80, 50, 30, 20, 10, 5, 1];
        var grid = new QuantizationGrid(4, 1, 0);
        double Bits(int shape) => levelCounts.Select((count, level) =>
            count * -Math.Log2(TableFamily.For(grid).Frequency(shape, grid.SymbolOf(level, true)) / 4096.0)).Sum();
        var best = Enumerable.Range(0, TableFamily.ShapeCount).Min(Bits);
        Assert.InRange(Bits(TableFamily.Choose(grid, levelCounts)), best, best + (256 / 128.0));
    }

    [Theory]
    [InlineData(4096, 0)]
    [InlineData(2048, 256)]
    [InlineData(1, 12 * 256)]
    [InlineData(3000, 115)]  // 12 − log2 3000 = 0.4493 bits
    public void Cost_Frequency_IsItsLengthIn256thsOfABit(int frequency, int cost) => Assert.InRange(RansTables.Cost((uint)frequency), cost, cost + 1);

    [Theory]
    [MemberData(nameof(Grids))]
    public void Dequantize_EverySymbol_InvertsSymbolOf(int bits, int zeroPoint)
    {
        var grid = new QuantizationGrid(bits, 0.5f, zeroPoint);
        for (var level = 0; level <= grid.LevelMax; level++)
        {
            var expected = bits == QuantizationGrid.ConstantBits ? 0.5f : (level - zeroPoint) * 0.5f;
            Assert.Equal(expected, grid.Dequantize(grid.SymbolOf(level, isNegative: false)));
            Assert.Equal(-expected, grid.Dequantize(grid.SymbolOf(level, isNegative: true)));
        }

        Assert.False(float.IsNegative(new QuantizationGrid(4, 1, 0).Dequantize(0)));
    }
}
