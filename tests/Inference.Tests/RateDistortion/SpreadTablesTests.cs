using SplitActors.Inference.Compression.Entropy;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression.Entropy;

namespace SplitActors.Inference.Tests.RateDistortion;

public class SpreadTablesTests
{
    private const int SampleCount = 200_000;

    [Fact]
    public void For_EveryTable_HasLevelsOfBothSignsAlike()
    {
        for (var shape = 0; shape < SpreadTables.ShapeCount; shape++)
        {
            var tables = SpreadTables.For(shape);
            for (var spread = 0; spread < SpreadTables.Count; spread++)
            {
                for (var level = 1; level <= tables.LevelMax(spread); level++)
                    Assert.Equal(tables.Tables.Frequency(spread, 2 * level), tables.Tables.Frequency(spread, (2 * level) - 1));
                Assert.Equal(0, tables.Tables.Frequency(spread, (2 * tables.LevelMax(spread)) + 1));
            }
        }
    }

    /// <summary>Stored frames depend on every one of them.</summary>
    [Fact]
    public void For_EveryTable_HasTheFrequenciesItAlwaysHad() =>
        Assert.Equal(
            "b4ce85401c987cfc311b9ca39d041640192de09af99a55acb61716c681a65713",
            FrequencyDigest.Of(Enumerable.Range(0, SpreadTables.ShapeCount).Select(shape => SpreadTables.For(shape).Tables)));

    /// <summary>First uses by each thread; more for a longer run.</summary>
    private static long FirstUseCount => long.TryParse(Environment.GetEnvironmentVariable("FIRST_TABLES"), out var count) ? count : 20_000;

    /// <summary>Shared arrays were once written by two threads at the same time, and stayed wrong.</summary>
    [Fact]
    public void Costs_TwoThreadsAtFirstUse_GetWhatOneBuilds()
    {
        var result = FirstTables.Run(FirstUseCount);
        Assert.InRange(result.UseCount, 2 * FirstUseCount, long.MaxValue);
        Assert.True(result.WrongCount == 0, $"{result.WrongCount} of {result.UseCount} first uses: {result.FirstFault}");
    }

    /// <summary>Pairs of first frames; more for a longer run.</summary>
    private static long FirstFrameCount => long.TryParse(Environment.GetEnvironmentVariable("FIRST_FRAMES"), out var count) ? count : 500;

    /// <summary>The same by whole frames, through encoder and decoder.</summary>
    [Fact]
    public void Encode_TwoThreadsAtFirstFrames_WriteAndReadWhatOneDoes()
    {
        var result = FirstFrames.Run(FirstFrameCount);
        Assert.Equal(2 * FirstFrameCount, result.UseCount);
        Assert.True(result.WrongCount == 0, $"{result.WrongCount} of {result.UseCount} first frames: {result.FirstFault}");
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(3.3)]
    [InlineData(9)]
    public void Choose_NormalValues_CodesWithinTwoPercentOfTheirEntropy(double sigma)
    {
        var random = new Random(5);
        var values = new float[SampleCount];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(sigma * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        var symbols = new byte[values.Length];
        LevelQuantizer.Quantize(values, [], 1, symbols);
        var histogram = new LevelHistogram();
        histogram.Clear(ColumnOffsets.None);
        histogram.Add(symbols);
        var (shape, spread) = histogram.Choose(SpreadTables.UnitSpread);

        var entropy = symbols.GroupBy(symbol => symbol).Sum(group => -group.Count() * Math.Log2((double)group.Count() / symbols.Length));
        var costs = SpreadTables.For(shape).Costs(SpreadTables.TableOf(spread, 0));
        var bits = 0.0;
        foreach (var symbol in symbols)
            bits += costs[(symbol + 1) / 2];
        bits /= 1 << RansTables.CostFractionBits;
        Assert.InRange(bits / entropy, 0.999, 1.02);
    }
}
