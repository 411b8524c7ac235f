using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class ScaleCodeTests
{
    [Fact]
    public void ToCode_EveryScaleWithACode_RestoresIt()
    {
        for (var code = 1; code < 1 << ScaleCode.Bits; code++)
        {
            var scale = ScaleCode.FromCode(code);
            Assert.Equal(code, ScaleCode.ToCode(scale));
            Assert.Equal(scale, ScaleCode.RoundUp(MathF.BitDecrement(scale)));
            Assert.Equal(ScaleCode.Escape, ScaleCode.ToCode(MathF.BitIncrement(scale)));
        }
    }

    [Theory]
    [InlineData(0.001953125f, 0f)]  // 2^-9 would be code 0
    [InlineData(0.001954f, 0.002197265625f)]
    [InlineData(1f, 1f)]
    [InlineData(1.01f, 1.125f)]
    [InlineData(120f, 120f)]
    [InlineData(120.1f, 0f)]
    [InlineData(0.0019f, 0f)]
    [InlineData(float.Epsilon, 0f)]
    [InlineData(8e37f, 0f)]
    public void RoundUp_AnyScale_IsTheNextWithACode(float value, float expected) => Assert.Equal(expected, ScaleCode.RoundUp(value));
}
