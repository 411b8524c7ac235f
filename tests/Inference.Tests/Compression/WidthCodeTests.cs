using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public sealed class WidthCodeTests
{
    [Fact]
    public void TryRead_EveryCode_IsTheOneOfItsWidth()
    {
        for (var width = 1u; width <= FrameLimits.WidthMax; width++)
        {
            Assert.True(WidthCode.TryRead(WidthCode.Of(width), out var read));
            Assert.Equal(width, read);
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(256u)] // 128 as any width
    public void TryRead_NoWidth_IsRefused(uint code) => Assert.False(WidthCode.TryRead(code, out _));

    [Theory]
    [InlineData(128u)]
    [InlineData(256u)]
    [InlineData(4096u)]
    [InlineData(8064u)]
    public void Of_HiddenSize_TakesOneByte(uint width) => Assert.InRange(WidthCode.Of(width), 1u, 127u);

    [Fact]
    public void TryRead_LargestCode_DoesNotWrap()
    {
        Assert.True(WidthCode.TryRead(uint.MaxValue, out var width));
        Assert.Equal(uint.MaxValue, width);
    }
}
