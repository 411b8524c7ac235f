using SplitActors.Inference.Sampling;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly float[] Ladder = [0.5f, 2f, -1f, 3f, 1f, 2.5f];

    private readonly Sampler _sampler = new();

    [Fact]
    public void Sample_TemperatureZero_TakesTheLowestIdOfTheLargestLogits()
    {
        Assert.Equal(3, Sample(Ladder, SamplingOptions.Greedy));
        Assert.Equal(1, Sample([-1, 5, 5, 5], SamplingOptions.Greedy));
        Assert.Equal(0, Sample([float.MinValue], SamplingOptions.Greedy));
    }

    [Theory]
    [InlineData(0.01f)]
    [InlineData(1f)]
    [InlineData(1000f)]
    public void Sample_TopKOne_IsGreedy(float temperature) =>
        AssertAlwaysMostLikely(new SamplingOptions { Temperature = temperature, TopK = 1 });

    [Theory]
    [InlineData(1f, 1e-6f)]
    [InlineData(100f, float.Epsilon)]
    public void Sample_TinyTopP_IsGreedy(float temperature, float topP) =>
        AssertAlwaysMostLikely(new SamplingOptions { Temperature = temperature, TopP = topP });

    [Fact]
    public void Sample_MinPOfOne_IsGreedyOrATie()
    {
        AssertAlwaysMostLikely(new SamplingOptions { Temperature = 1, MinP = 1 });
        Assert.Equal([1, 3], Drawn([0, 4, 1, 4], new SamplingOptions { Temperature = 1, MinP = 1 }));
    }

    /// <summary>Logits whose weights are the same float32 are still in order: top-k must not take the lower id instead.</summary>
    [Fact]
    public void Sample_TopKOneOfNearlyEqualLogitsAtHighTemperature_TakesTheLarger() =>
        Assert.Equal(1, Sample([9.999999f, 10f], new SamplingOptions { Temperature = 1000, TopK = 1 }));

    [Fact]
    public void Sample_TopK_DrawsTheKBestTiesByLowestId()
    {
        Assert.Equal([1, 3, 5], Drawn(Ladder, new SamplingOptions { Temperature = 5, TopK = 3 }));
        Assert.Equal([0, 1, 4], Drawn([7, 7, 1, 2, 7, 7], new SamplingOptions { Temperature = 5, TopK = 3 }));
    }

    [Fact]
    public void Sample_TopP_DrawsTheFewestTokensThatReachIt()
    {
        float[] logits = [MathF.Log(0.1f), MathF.Log(0.4f), MathF.Log(0.2f), MathF.Log(0.3f)];
        Assert.Equal([1, 3], Drawn(logits, new SamplingOptions { Temperature = 1, TopP = 0.69f }));
        Assert.Equal([1, 2, 3], Drawn(logits, new SamplingOptions { Temperature = 1, TopP = 0.71f }));
        Assert.Equal([0, 1, 2, 3], Drawn(logits, new SamplingOptions { Temperature = 1, TopP = 1 }));
    }

    /// <summary>Top-p counts the probabilities that top-k left, as Hugging Face does.</summary>
    [Fact]
    public void Sample_TopKThenTopP_CountsTheKeptTokensOnly()
    {
        float[] logits = [MathF.Log(0.1f), MathF.Log(0.4f), MathF.Log(0.2f), MathF.Log(0.3f)];
        Assert.Equal([1, 3], Drawn(logits, new SamplingOptions { Temperature = 1, TopK = 3, TopP = 0.75f })); // 0.4 + 0.3 of 0.9
    }

    [Fact]
    public void Sample_MinP_DrawsTokensOfThatShareOfTheLargest()
    {
        float[] logits = [MathF.Log(0.1f), MathF.Log(0.4f), MathF.Log(0.2f), MathF.Log(0.3f)];
        Assert.Equal([1, 2, 3], Drawn(logits, new SamplingOptions { Temperature = 1, MinP = 0.49f }));
        Assert.Equal([1, 3], Drawn(logits, new SamplingOptions { Temperature = 1, MinP = 0.51f }));
    }

    [Fact]
    public void Sample_RepetitionPenalty_LowersPositiveAndNegativeLogits()
    {
        var options = new SamplingOptions { RepetitionPenalty = 2 };
        float[] logits = [4, -4, 0, 3];
        _sampler.Sample(logits, options, [0, 1, 2, 1, 0], position: 0);
        Assert.Equal([2, -8, 0, 3], logits); // each once, however often generated
        Assert.Equal(3, Sample([4, -4, 0, 3], options, [0]));
        Assert.Equal(1, Sample([-2, -3, -9], options, [0]));
    }

    [Fact]
    public void Sample_RepetitionPenaltyBelowOne_RaisesThem()
    {
        float[] logits = [1, -4, -3];
        Assert.Equal(0, _sampler.Sample(logits, new SamplingOptions { RepetitionPenalty = 0.5f }, [0, 1], position: 0));
        Assert.Equal([2, -2, -3], logits);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Sample_LogitThatIsNotFinite_IsRefusedWhereverItIs(float value)
    {
        SamplingOptions[] options =
        [
            SamplingOptions.Greedy, new SamplingOptions { Temperature = 1 }, new SamplingOptions { Temperature = 1, TopK = 2 },
            new SamplingOptions { Temperature = 1, TopP = 0.5f },
        ];
        for (var token = 0; token < Ladder.Length; token++)
        {
            var logits = Ladder.ToArray();
            logits[token] = value;
            foreach (var option in options)
            {
                var error = Assert.Throws<NonFiniteLogitsException>(() => new Sampler().Sample(logits.ToArray(), option, [], position: 12));
                Assert.Equal($"The logit of token {token} at position 12 is {value}, not a finite number.", error.Message);
            }
        }
    }

    [Fact]
    public void Sample_LargestFiniteLogits_AreSampledAsOthers()
    {
        float[] logits = [float.MinValue, float.MaxValue, 0, float.MaxValue];
        Assert.Equal([1, 3], Drawn(logits, new SamplingOptions { Temperature = 0.01f }));
        Assert.Equal([1, 3], Drawn(logits, new SamplingOptions { Temperature = float.Epsilon, TopP = 0.9f }));
    }

    [Fact]
    public void Sample_AfterARefusal_WorksOn()
    {
        var options = new SamplingOptions { Temperature = 1, TopK = 3, Seed = 5 };
        Assert.Throws<NonFiniteLogitsException>(() => Sample([1, float.NaN, 2], options));
        Assert.Equal(new Sampler().Sample(Ladder.ToArray(), options, [], 0), Sample(Ladder, options));
    }

    [Theory]
    [InlineData(0, 1f, 0f)]
    [InlineData(3, 1f, 0f)]
    [InlineData(0, 0.8f, 0f)]
    [InlineData(5, 0.9f, 0.12f)]
    public void Sample_OverManyPositions_HasTheReferencesDistribution(int topK, float topP, float minP)
    {
        var options = new SamplingOptions { Temperature = 1.3f, TopK = topK, TopP = topP, MinP = minP, Seed = 2024, RepetitionPenalty = 1.2f };
        var probabilities = new double[Ladder.Length];
        foreach (var (token, probability) in ReferenceSampler.Distribution(Ladder, options, [3, 2]))
            probabilities[token] = probability;
        var draws = Enumerable.Range(0, 200_000).Select(position => _sampler.Sample(Ladder.ToArray(), options, [3, 2], position));
        AssertChiSquare.Fits(draws, probabilities);
    }

    [Fact]
    public void Sample_OtherSeed_DrawsOtherTokens()
    {
        Assert.Equal(Draws(1), Draws(1));
        Assert.NotEqual(Draws(1), Draws(2));
        Assert.NotEqual(Draws(0), Draws(1ul << 32)); // both halves of the seed count

        int[] Draws(ulong seed)
        {
            var options = new SamplingOptions { Temperature = 3, Seed = seed };
            return [.. Enumerable.Range(0, 50).Select(position => _sampler.Sample(Ladder.ToArray(), options, [], position))];
        }
    }

    [Theory]
    [InlineData(0, 1f)]
    [InlineData(0, 0.9f)]
    [InlineData(40, 0.9f)]
    public void Sample_AfterWarmUp_AllocatesNothing(int topK, float topP)
    {
        var options = new SamplingOptions { Temperature = 1, TopK = topK, TopP = topP, RepetitionPenalty = 1.1f };
        var random = new Random(1);
        float[] logits = [.. Enumerable.Range(0, 4096).Select(_ => random.NextSingle() * 10)];
        int[] generated = [.. Enumerable.Range(0, 200)];
        var scratch = new float[logits.Length];
        Draw(20);
        Assert.Equal(0, Allocations.LeastBytes(() => Draw(50)));

        void Draw(int count)
        {
            for (var position = 0; position < count; position++)
            {
                logits.CopyTo(scratch, 0);
                _sampler.Sample(scratch, options, generated, position);
            }
        }
    }

    private static void AssertAlwaysMostLikely(SamplingOptions options) => Assert.Equal([3], Drawn(Ladder, options));

    /// <summary>The tokens that come out at any of many positions.</summary>
    private static IEnumerable<int> Drawn(float[] logits, SamplingOptions options)
    {
        var sampler = new Sampler();
        return Enumerable.Range(0, 1000).Select(position => sampler.Sample(logits.ToArray(), options, [], position)).Distinct().Order();
    }

    private int Sample(float[] logits, SamplingOptions options, params int[] generated) =>
        _sampler.Sample(logits.ToArray(), options, generated, position: 0);
}
