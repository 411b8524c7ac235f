using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Sampling;

/// <summary>The sampler against <see cref="ReferenceSampler"/> over random logits and options.</summary>
public sealed class SamplerPropertyTests
{
    /// <summary>Weights are float32: where a cumulative probability decides, it may be off by so much.</summary>
    private const double Tolerance = 1e-5;

    private static readonly Gen<float[]> Spread = Uniform(-20, 20).ArrayOf();
    private static readonly Gen<float[]> Tied = Gen.Elements(-3f, -1f, 0f, 0f, 0.5f, 2f, 2f).ArrayOf();
    private static readonly Gen<float[]> Peaked = Gen.Frequency((9, Uniform(-1, 1)), (1, Uniform(5, 12))).ArrayOf();
    private static readonly Gen<float[]> Extreme = Gen.Elements(float.MinValue, -1e30f, 0f, 1f, 1e30f).ArrayOf();

    private static readonly Gen<float[]> Logits =
        Gen.Frequency((4, Spread), (3, Tied), (3, Peaked), (1, Extreme)).Where(logits => logits.Length > 0);

    private static readonly Gen<SamplingOptions> Options =
        from temperature in Gen.Elements(0f, 0.1f, 0.7f, 1f, 2f, 100f)
        from topK in Gen.Elements(0, 0, 1, 2, 5, 40, 1000)
        from topP in Gen.Elements(1f, 1f, 1e-6f, 0.1f, 0.5f, 0.9f, 0.999f)
        from minP in Gen.Elements(0f, 0f, 0.01f, 0.3f, 1f)
        from penalty in Gen.Elements(1f, 1f, 0.8f, 1.3f, 5f)
        from seed in Gen.Choose(0, int.MaxValue)
        select new SamplingOptions
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
            MinP = minP,
            RepetitionPenalty = penalty,
            Seed = (ulong)seed,
        };

    private static readonly Gen<Case> Cases =
        from logits in Logits
        from options in Options
        from generated in Gen.Choose(0, logits.Length - 1).ArrayOf()
        from position in Gen.Choose(0, 100_000)
        where generated.All(token => float.IsFinite(logits[token] * options.RepetitionPenalty / 0.8f))
        select new Case(logits, options, generated, position);

    private readonly Sampler _sampler = new();

    [Fact]
    public void Sample_RandomLogitsAndOptions_DrawsWhatTheReferenceDraws()
    {
        var config = Config.QuickThrowOnFailure.WithMaxTest(5000).WithEndSize(300);
        Check.One(config, Prop.ForAll(Cases.ToArbitrary(), c =>
        {
            var distribution = ReferenceSampler.Distribution(c.Logits, c.Options, c.Generated);
            var boundary = IsDecidedByRounding(c, distribution.Count);
            var token = _sampler.Sample(c.Logits.ToArray(), c.Options, c.Generated, c.Position);
            return boundary || ReferenceSampler.Draw(distribution, Philox.Uniform(c.Options.Seed, c.Position), Tolerance).Contains(token);
        }));
    }

    [Fact]
    public void Sample_AnySetOfOptions_IsAFunctionOfItsArguments()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(Cases.ToArbitrary(), c =>
            _sampler.Sample(c.Logits.ToArray(), c.Options, c.Generated, c.Position)
            == new Sampler().Sample(c.Logits.ToArray(), c.Options, c.Generated, c.Position)));
    }

    /// <summary>Whether a slightly larger or smaller top-p or min-p would keep another number of tokens.</summary>
    private static bool IsDecidedByRounding(Case c, int count) =>
        c.Options.Temperature > 0 && new[] { 1 - Tolerance, 1 + Tolerance }.Any(factor => count != ReferenceSampler.Distribution(
            c.Logits, c.Options with { TopP = Scaled(c.Options.TopP, factor), MinP = Scaled(c.Options.MinP, factor) }, c.Generated).Count);

    private static float Scaled(float value, double factor) => value == 1 ? 1 : (float)(value * factor);

    private static Gen<float> Uniform(int from, int to) => Gen.Choose(from * 100_000, to * 100_000).Select(value => value / 100_000f);

    private sealed record Case(float[] Logits, SamplingOptions Options, int[] Generated, int Position)
    {
        public override string ToString() =>
            $"logits [{string.Join(", ", Logits)}], {Options}, generated [{string.Join(", ", Generated)}], position {Position}";
    }
}
