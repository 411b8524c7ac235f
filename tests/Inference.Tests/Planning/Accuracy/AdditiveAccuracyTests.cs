using SplitActors.Inference.Calibration;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Accuracy;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;

namespace SplitActors.Inference.Tests.Planning.Accuracy;

/// <summary>A model of eight layers, measured at splits 4 and 8.</summary>
public sealed class AdditiveAccuracyTests
{
    private static readonly WeightFormat Int4 = new(4);

    private static readonly AccuracyFigures Figures = new(
        ModelDigest: "", TextDigest: "", TokenCount: 1000, Perplexity: 20,
        FrontWeights: [new WeightCost(4, 32, 8, 0.05, null), new WeightCost(4, 32, 4, 0.01, null)],
        KeyValues: [new KeyValueCost(8, 0.008, null)],
        HiddenStates: [new HiddenStateCost(4, 0.5, 0.004, null, 100, 110)]);

    private readonly AdditiveAccuracy _accuracy = new(layerCount: 8, Figures, QualityTarget.Default, calibration: null);

    [Fact]
    public void PerplexityRise_MeasuredParts_IsTheirSum() =>
        Assert.Equal(Math.Exp(0.01 + (0.008 * 4 / 8) + 0.004) - 1, _accuracy.PerplexityRise(Choice(4, Int4, KvFormat.Int8))!.Value, 1e-15);

    [Theory]
    [InlineData(2, 0.005)]
    [InlineData(4, 0.01)]
    [InlineData(6, 0.03)]
    [InlineData(8, 0.05)]
    public void PerplexityRise_SplitBetweenMeasuredOnes_LiesOnALine(int splitLayer, double nats)
    {
        var figures = Figures with { HiddenStates = [.. Enumerable.Range(1, 7).Select(split => new HiddenStateCost(split, 0.5, 0, null, 100, 110))] };
        var accuracy = new AdditiveAccuracy(8, figures, QualityTarget.Default, calibration: null);
        Assert.Equal(Math.Exp(nats) - 1, accuracy.PerplexityRise(Choice(splitLayer, Int4, KvFormat.Float16))!.Value, 1e-15);
    }

    [Fact]
    public void PerplexityRise_NothingRounded_IsNothing()
    {
        var unmeasured = new AdditiveAccuracy(8, figures: null, QualityTarget.Default, calibration: null);
        Assert.Equal(0, unmeasured.PerplexityRise(Choice(0, WeightFormat.Unquantized, KvFormat.Float16)));
        Assert.Equal(0, unmeasured.PerplexityRise(Choice(8, WeightFormat.Unquantized, KvFormat.Float32)));
    }

    [Fact]
    public void PerplexityRise_PartThatWasNotMeasured_IsUnknown()
    {
        Assert.Null(_accuracy.PerplexityRise(Choice(4, new WeightFormat(3), KvFormat.Float16)));
        Assert.Null(_accuracy.PerplexityRise(Choice(4, new WeightFormat(4, 64), KvFormat.Float16)));
        Assert.Null(_accuracy.PerplexityRise(Choice(4, Int4, KvFormat.Int4)));
        Assert.Null(_accuracy.PerplexityRise(Choice(5, Int4, KvFormat.Float16))); // no hidden states
        Assert.Null(new AdditiveAccuracy(8, Figures, new QualityTarget(1), calibration: null).PerplexityRise(Choice(4, Int4, KvFormat.Float16)));
    }

    [Fact]
    public void PerplexityRise_BackOfFewerBits_CostsWhatTheFrontDoesNot()
    {
        var choice = new SplitChoice(4, WeightFormat.Unquantized, Int4, KvFormat.Float16, KvFormat.Float16);
        Assert.Equal(Math.Exp(0.05 - 0.01 + 0.004) - 1, _accuracy.PerplexityRise(choice)!.Value, 1e-15);
    }

    /// <summary>The calibration says what a split's compression costs where the figures do not.</summary>
    [Fact]
    public void PerplexityRise_CalibratedSplit_TakesItsRise()
    {
        var calibration = ModelCalibration.TryOpen(Quill.Checkpoint)!;
        var accuracy = new AdditiveAccuracy(8, Figures with { HiddenStates = [] }, QualityTarget.Default, calibration);
        var step = calibration.For(3)!.Steps.First(step => step.Quality == QualityTarget.Default
            && step.RateDistortion.Transform == Inference.Compression.RateDistortion.RateDistortionTransform.Columns);
        Assert.Equal(step.RisePercent / 100, accuracy.PerplexityRise(Choice(3, WeightFormat.Unquantized, KvFormat.Float16))!.Value, 1e-12);
    }

    [Fact]
    public void PerplexityRise_VerifiedChoice_IsWhatWasMeasured()
    {
        var verified = new VerifiedAccuracy(_accuracy);
        var (measured, other) = (Choice(4, Int4, KvFormat.Int8), Choice(4, Int4, KvFormat.Float16));
        verified.Add(measured, 0.5, standardError: null);
        Assert.Equal(0.5, verified.PerplexityRise(measured));
        Assert.Equal(_accuracy.PerplexityRise(other), verified.PerplexityRise(other));
        Assert.Null(verified.Find(other));
    }

    private static SplitChoice Choice(int splitLayer, WeightFormat weights, KvFormat kv) => splitLayer == 8
        ? new SplitChoice(splitLayer, weights, weights, kv, kv)
        : new SplitChoice(splitLayer, weights, WeightFormat.Unquantized, kv, KvFormat.Float16);
}
