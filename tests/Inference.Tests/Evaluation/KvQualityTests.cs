using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Tests.Models;
using Xunit.Abstractions;

namespace SplitActors.Inference.Tests.Evaluation;

/// <summary>What fewer bits for keys and values cost on the first windows of the held-out text; the benchmarks take all of it.</summary>
public sealed class KvQualityTests(ITestOutputHelper output)
{
    private const int WindowCount = 8;

    private static readonly Lazy<Perplexity> Exact = new(() => Measure(KvFormat.Float32));

    [Theory]
    [InlineData(KvFormat.Float16, 0.0005)]
    [InlineData(KvFormat.Int8, 0.005)]
    [InlineData(KvFormat.Int4, 0.10)]
    public void FewerBits_KeepThePerplexity(KvFormat format, double riseMax)
    {
        var rise = (Measure(format).Value / Exact.Value.Value) - 1;
        output.WriteLine($"{(int)format} bits: {rise:+0.0000%;-0.0000%}");
        Assert.InRange(rise, -riseMax, riseMax);
    }

    private static Perplexity Measure(KvFormat format) => HeldoutText.Measure(
        new SplitModel(Quill.Whole, Quill.Whole, transport: null, HeldoutText.WindowTokens, format),
        HeldoutText.Tokens.AsSpan(0, WindowCount * HeldoutText.WindowTokens));
}
