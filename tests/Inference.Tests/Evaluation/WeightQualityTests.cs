using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;
using Xunit.Abstractions;

namespace SplitActors.Inference.Tests.Evaluation;

/// <summary>What fewer bits per weight cost on the first windows of the held-out text, as it is multiplied; the benchmarks take all of it.</summary>
public sealed class WeightQualityTests(ITestOutputHelper output)
{
    private const int WindowCount = 8;

    private static readonly LayerRange AllLayers = new(0, Quill.Config.LayerCount);

    private static readonly Lazy<Perplexity> Exact = new(() => Measure(Quill.Whole));

    [Theory]
    [InlineData(8, 32, 0.0015)]
    [InlineData(8, 128, 0.0015)]
    [InlineData(4, 32, 0.02)]
    [InlineData(4, 128, 0.03)]
    [InlineData(3, 32, 0.09)]
    public void FewerBits_KeepThePerplexity(int bits, int groupSize, double riseMax)
    {
        var rise = Rise(Segment.Load(Quill.Checkpoint, AllLayers, new WeightFormat(bits, groupSize)));
        output.WriteLine($"{bits} bits in groups of {groupSize}: {rise:+0.000%;-0.000%}");
        Assert.InRange(rise, -riseMax, riseMax);
    }

    [Fact]
    public void FewerBits_OrderTheRise()
    {
        double[] rises = [.. new[] { 8, 4, 3, 2 }.Select(bits => Rise(Segment.Load(Quill.Checkpoint, AllLayers, new WeightFormat(bits))))];
        Assert.Equal(rises.Order(), rises);
    }

    [Fact]
    public void Activations_AddLittle()
    {
        var format = new WeightFormat(4);
        var weightsAlone = Rise(new WeightRounding(format, RoundsEmbedding: true, RoundsActivations: false).Load(Quill.Checkpoint, AllLayers));
        var all = Rise(new WeightRounding(format, RoundsEmbedding: true, RoundsActivations: true).Load(Quill.Checkpoint, AllLayers));
        output.WriteLine($"weights {weightsAlone:+0.000%;-0.000%}, activations too {all:+0.000%;-0.000%}");
        Assert.InRange(all - weightsAlone, -0.003, 0.003);
    }

    [Fact]
    public void Rounding_OfEverything_IsWhatTheProductComputes()
    {
        var format = new WeightFormat(4);
        var rounded = new WeightRounding(format, RoundsEmbedding: true, RoundsActivations: true).Load(Quill.Checkpoint, AllLayers);
        Assert.Equal(Measure(Segment.Load(Quill.Checkpoint, AllLayers, format), windowCount: 1), Measure(rounded, windowCount: 1));
    }

    [Fact]
    public void Rounding_OfLayersAlone_KeepsEmbeddingAndHead()
    {
        var layersAlone = new WeightRounding(new WeightFormat(2), RoundsEmbedding: false, RoundsActivations: false).Load(Quill.Checkpoint, AllLayers);
        var (expected, found) = (new float[Quill.Config.HiddenSize], new float[Quill.Config.HiddenSize]);
        Quill.Whole.Embed([7], expected);
        layersAlone.Embed([7], found);
        Assert.Equal(expected, found);
        Assert.NotEqual(Measure(Quill.Whole, windowCount: 1), Measure(layersAlone, windowCount: 1));
    }

    [Fact]
    public void Rounding_To16Bits_IsTheModel()
    {
        var kept = new WeightRounding(WeightFormat.Unquantized, RoundsEmbedding: true, RoundsActivations: false).Load(Quill.Checkpoint, AllLayers);
        Assert.Equal(Measure(Quill.Whole, windowCount: 1), Measure(kept, windowCount: 1));
    }

    private static double Rise(Segment model) => (Measure(model).Value / Exact.Value.Value) - 1;

    private static Perplexity Measure(Segment model) => Measure(model, WindowCount);

    private static Perplexity Measure(Segment model, int windowCount)
    {
        using var whole = new SplitModel(model, model, transport: null, HeldoutText.WindowTokens, KvFormat.Float32);
        return HeldoutText.Measure(whole, HeldoutText.Tokens.AsSpan(0, windowCount * HeldoutText.WindowTokens));
    }
}
