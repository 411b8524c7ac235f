using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed unsafe class MemoryReadTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(63)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1023)]
    [InlineData(4096)]
    [InlineData(100_003)]
    public void Sum_OfAnyLength_IsThatOfItsWords(int byteCount)
    {
        var bytes = new byte[byteCount + sizeof(ulong)]; // zeros after the end fill the last word up
        for (var i = 0; i < byteCount; i++)
            bytes[i] = (byte)((i * 167) + 13);
        var expected = 0UL;
        for (var offset = 0; offset < byteCount; offset += sizeof(ulong))
            expected += BitConverter.ToUInt64(bytes, offset);

        fixed (byte* pointer = bytes)
        {
            Assert.Equal(expected, MemoryRead.Sum(pointer, byteCount));
            Assert.Equal(expected, MemoryRead.SumScalar(pointer, pointer + byteCount));
        }
    }
}
