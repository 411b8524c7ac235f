using FsCheck.Fluent;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class RansTests
{
    [Fact]
    public void Get_ArbitrarySymbolsAndTables_RestoresThem() =>
        Property.Holds(500, Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new Random(seed);
            var table = RandomTable(random);
            var codable = Enumerable.Range(0, table.SymbolCount).Where(symbol => table.FrequencyOf(symbol) > 0).ToArray();
            var symbols = Enumerable.Range(0, random.Next(0, 2000)).Select(_ => codable[random.Next(codable.Length)]).ToArray();
            AssertRoundTrip(table, symbols);
        });

    [Fact]
    public void Get_SingleSymbolTable_NeedsNoBytes()
    {
        var table = new FrequencyTable([0, 1 << FrequencyTable.ScaleBits]);
        Assert.InRange(AssertRoundTrip(table, [.. Enumerable.Repeat(1, 10000)]), 0, 0);
    }

    [Fact]
    public void Put_RarestSymbols_StayWithinTheBytesPromised()
    {
        ushort[] frequencies = [4095, 1];
        AssertRoundTrip(new FrequencyTable(frequencies), [.. Enumerable.Repeat(1, 5000)]);
    }

    [Fact]
    public void Put_MatchingTable_CostsTheEntropyAndAtMostTwoBytesMore()
    {
        ushort[] frequencies = [2048, 1024, 512, 512];
        var symbols = Enumerable.Range(0, 800).Select(i => (i % 8) switch { < 4 => 0, < 6 => 1, 6 => 2, _ => 3 }).ToArray();
        Assert.InRange(AssertRoundTrip(new FrequencyTable(frequencies), symbols), 175, 177);  // 800 · 1.75 bits = 175 bytes
    }

    [Fact]
    public void Constructor_FrequenciesOfAnotherSum_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new FrequencyTable([1, 2, 3]));

    private static int AssertRoundTrip(FrequencyTable table, int[] symbols)
    {
        var buffer = new byte[(symbols.Length * RansEncoder.SymbolBytesMax) + RansEncoder.FlushBytesMax];
        var encoder = new RansEncoder(buffer);
        foreach (var symbol in symbols.Reverse())
            encoder.Put(table, symbol);
        encoder.Finish();
        var stream = buffer[encoder.Start..];
        var decoder = new RansDecoder(stream, 0, stream.Length);
        foreach (var symbol in symbols)
            Assert.Equal(symbol, decoder.Get(stream, table));
        Assert.True(decoder.IsFinished);
        return stream.Length;
    }

    private static FrequencyTable RandomTable(Random random)
    {
        var frequencies = new ushort[random.Next(1, 257)];
        var left = 1 << FrequencyTable.ScaleBits;
        for (var symbol = 1; symbol < frequencies.Length; symbol++)
        {
            frequencies[symbol] = (ushort)random.Next(0, Math.Min(left, 1 + random.Next(1 << random.Next(13))) + 1);
            left -= frequencies[symbol];
        }

        frequencies[0] = (ushort)left;
        return new FrequencyTable(frequencies);
    }
}
