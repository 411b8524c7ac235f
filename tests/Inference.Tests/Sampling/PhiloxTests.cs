using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Sampling;

public sealed class PhiloxTests
{
    /// <summary>The known answers of Random123 1.14, kat_vectors, "philox4x32 10".</summary>
    [Fact]
    public void Block_KnownCountersAndKeys_GivesTheKnownAnswers()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Block(0, 0, 0, 0, 0, 0));
        Assert.Equal(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            Philox.Block(uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            Philox.Block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    [Fact]
    public void Uniform_IsTheUpper53BitsOfTheBlocksFirst64()
    {
        var (x0, x1, _, _) = Philox.Block(42, 0, 0, 0, 0x89abcdef, 0x01234567);
        var expected = Math.ScaleB((((ulong)x1 << 32) | x0) >> 11, -53);
        Assert.Equal(expected, Philox.Uniform(0x0123456789abcdef, 42));
    }

    [Fact]
    public void Uniform_OverPositionsAndSeeds_IsUniformAndIndependent()
    {
        const int Count = 100_000;
        foreach (var seed in new[] { 0ul, 1ul, ulong.MaxValue })
        {
            var draws = Enumerable.Range(0, Count).Select(position => Philox.Uniform(seed, position)).ToArray();
            Assert.All(draws, draw => Assert.InRange(draw, 0, 1 - Math.ScaleB(1, -53)));
            Assert.Equal(Count, draws.Distinct().Count());
            var cells = draws.Zip(draws.Skip(1), (a, b) => ((int)(a * 16) * 16) + (int)(b * 16)); // neighbours together: 16 × 16 cells
            AssertChiSquare.Uniform(cells, cellCount: 256);
        }

        AssertChiSquare.Uniform(Enumerable.Range(0, Count).Select(seed => (int)(Philox.Uniform((ulong)seed, 9) * 256)), cellCount: 256);
    }
}
