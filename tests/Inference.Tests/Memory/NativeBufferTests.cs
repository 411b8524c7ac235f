using SplitActors.Inference.Memory;

namespace SplitActors.Inference.Tests.Memory;

public sealed unsafe class NativeBufferTests
{
    private const int HugePageBytes = 2 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(100_001)]
    [InlineData(HugePageBytes - 1)]
    [InlineData(HugePageBytes)]
    [InlineData(HugePageBytes + 1)]
    public void Pointer_AnySize_IsAlignedAndWritable(long byteCount)
    {
        using var buffer = new NativeBuffer(byteCount);
        Assert.Equal(0, (nint)buffer.Pointer % (byteCount < HugePageBytes ? NativeBuffer.Alignment : HugePageBytes));
        Assert.Equal(byteCount, buffer.ByteCount);
        new Span<byte>(buffer.Pointer, (int)byteCount).Fill(0x5a);
        Assert.Equal(0x5a, buffer.Pointer[byteCount - 1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Constructor_NoBytes_Throws(long byteCount) => Assert.Throws<ArgumentOutOfRangeException>(() => new NativeBuffer(byteCount));

    [Fact]
    public void Constructor_MoreThanThereIs_Throws() => Assert.Throws<UserErrorException>(() => new NativeBuffer(long.MaxValue / 2));

    [Fact]
    public void Pointer_AfterDispose_Throws()
    {
        var buffer = new NativeBuffer(64);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)buffer.Pointer);
    }
}
