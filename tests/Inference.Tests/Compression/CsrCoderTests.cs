using System.Buffers;
using FsCheck.Fluent;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class CsrCoderTests
{
    [Fact]
    public void TryRead_WrittenRow_RestoresEveryBit() =>
        Property.Holds(200, Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new Random(seed);
            var width = random.Next(1, 700);
            var row = new float[width];
            var columns = Enumerable.Range(0, width).Where(_ => random.Next(5) == 0).ToArray();
            foreach (var column in columns)
                row[column] = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            var writer = new ArrayBufferWriter<byte>();
            CsrCoder.Write(writer, row, columns);

            var skipped = new ByteReader(writer.WrittenSpan);
            Assert.True(CsrCoder.TrySkip(ref skipped, width));
            Assert.True(skipped.Remaining.IsEmpty);
            var reader = new ByteReader(writer.WrittenSpan);
            var restored = new float[width];
            Assert.True(CsrCoder.TryRead(ref reader, width, restored));
            Assert.Equal(row.Select(BitConverter.SingleToUInt32Bits), restored.Select(BitConverter.SingleToUInt32Bits));
        });

    [Theory]
    [InlineData("05")]                                 // five of four columns
    [InlineData("0104 00000000")]                      // column 4 of width 4
    [InlineData("020003 0000000000000000")]            // columns 0 and 4
    [InlineData("01FFFFFFFF0F 00000000")]              // a delta of 2^32 − 1
    [InlineData("0100 000000")]                        // a value cut short
    public void TrySkip_ImpossibleRow_IsMalformed(string hex)
    {
        var reader = new ByteReader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.False(CsrCoder.TrySkip(ref reader, 4));
    }
}
