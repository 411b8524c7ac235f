
namespace SplitActors.Actors.Tests.Simulation;

public class SplitMix64Tests
{
    /// <summary>The first outputs for seed 1234567, as listed for the reference implementation.</summary>
    [Fact]
    public void Next_KnownSeed_ReturnsReferenceSequence()
    {
        var random = new SplitMix64(1234567);
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL], [random.Next(), random.Next(), random.Next()]);
    }

    [Fact]
    public void NextBounded_ManyDraws_CoversTheRangeEvenly()
    {
        var random = new SplitMix64(1);
        var counts = new int[10];
        for (var i = 0; i < 10_000; i++)
            counts[random.Next(10)]++;
        Assert.All(counts, count => Assert.InRange(count, 850, 1150)); // 5 standard deviations of 30
    }
}
