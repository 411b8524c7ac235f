using System.Buffers;
using FsCheck.Fluent;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class OutlierCoderTests
{
    [Fact]
    public void TryRead_WrittenRow_RestoresEveryBit() =>
        Property.Holds(400, Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new Random(seed);
            var width = random.Next(1, 700);
            var oneIn = random.Next(1, 300);
            int[] columns = [.. Enumerable.Range(0, width).Where(_ => random.Next(oneIn) == 0)];
            if (columns.Length == 0)
                columns = [random.Next(width)];
            var row = new float[width];
            var kind = random.Next(3);
            foreach (var column in columns)
                row[column] = Value(random, kind);
            var bytes = Write(row, columns);

            var skipped = new ByteReader(bytes);
            Assert.True(OutlierCoder.TrySkip(ref skipped, width, out var count));
            Assert.Equal(columns.Length, count);
            Assert.True(skipped.Remaining.IsEmpty);
            var reader = new ByteReader(bytes);
            var restored = new float[width];
            Assert.True(OutlierCoder.TryRead(ref reader, width, restored, out _));
            Assert.Equal(row.Select(BitConverter.SingleToUInt32Bits), restored.Select(BitConverter.SingleToUInt32Bits));
        });

    [Theory]
    [InlineData(1.5f, 1 + 2 + 2)]                  // 9 bits of column, 16 of value
    [InlineData(1.0009765625f, 1 + 2 + 2)]         // float16, not bfloat16
    [InlineData(1.1f, 1 + 2 + 4)]
    public void Write_OneValueOf256_TakesTheBytesOfItsFormat(float value, int bytes)
    {
        var row = new float[256];
        row[200] = value;
        Assert.Equal(bytes, Write(row, [200]).Length);
    }

    [Fact]
    public void Write_OnePercentOfAWideRow_TakesAboutOneByteOfColumnEach()
    {
        var row = new float[4096];
        int[] columns = [.. Enumerable.Range(0, 41).Select(i => i * 99)];
        Assert.InRange(Write(row, columns).Length, 41 * 2, (41 * 3) + 2);
    }

    [Theory]
    [InlineData("10")]                     // five of four columns
    [InlineData("03 00 0000 0000")]        // a format that does not exist
    [InlineData("01 07 0000 00")]          // one value of four, k = 2: column 8
    [InlineData("01 00")]                  // a value cut short
    [InlineData("01 00 00 F8")]            // padding that is not zero
    public void TrySkip_ImpossibleRow_IsMalformed(string hex)
    {
        var reader = new ByteReader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.False(OutlierCoder.TrySkip(ref reader, 4, out _));
    }

    private static float Value(Random random, int kind) => kind switch
    {
        0 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
        1 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue) & ~0xFFFF),
        _ => (float)BitConverter.UInt16BitsToHalf((ushort)random.Next(0x10000)),
    };

    private static byte[] Write(float[] row, int[] columns)
    {
        var writer = new ArrayBufferWriter<byte>();
        OutlierCoder.Write(writer, row, columns);
        return writer.WrittenSpan.ToArray();
    }
}
