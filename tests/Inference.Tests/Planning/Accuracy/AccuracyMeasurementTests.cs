using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Accuracy;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Evaluation;
using SplitActors.Inference.Tests.Evaluation.Codecs;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Tests.Tokenization;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Planning.Accuracy;

/// <summary>On two windows of the held-out text.</summary>
public sealed class AccuracyMeasurementTests : IDisposable
{
    private const int WindowTokens = 256;

    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt"))[..6000];

    private readonly Checkpoint _checkpoint = Checkpoint.Open(Repository.Quill);
    private readonly ComputeThreads _threads = new(2);
    private readonly AccuracyMeasurement _measurement;

    public AccuracyMeasurementTests() => _measurement = new AccuracyMeasurement(_checkpoint, Text, "text", tokenCountMax: 0, _threads, new StepClock());

    public void Dispose()
    {
        _threads.Dispose();
        _checkpoint.Dispose();
    }

    [Fact]
    public void Run_EachPartByItself_IsWhatASplitModelMeasures()
    {
        var calibration = ModelCalibration.TryOpen(_checkpoint)!;
        var reports = new List<EvaluationProgress>();
        var figures = _measurement.Run(
            new AccuracyPlan([new WeightFormat(3)], [KvFormat.Int4], QualityTarget.Default), split => Options(split!), calibration, new Reports(reports));

        Assert.Equal((2 * WindowTokens, ModelDigest.Of(_checkpoint).Hex), (figures.TokenCount, figures.ModelDigest));
        Assert.Equal(Enumerable.Range(1, 8), figures.FrontWeights.Select(cost => cost.SplitLayer));
        Assert.Equal(Enumerable.Range(1, 7), figures.HiddenStates.Select(cost => cost.SplitLayer));
        Assert.Equal(1, reports[^1].ShareDone);

        var plain = Nll(new SplitModel(Quill.Whole, Quill.Whole, transport: null, WindowTokens));
        Assert.Equal(Math.Exp(plain / figures.TokenCount), figures.Perplexity, 1e-9);
        var quantized = Nll(new SplitModel(Quill.Front(5, new WeightFormat(3)), Quill.Back(5), transport: null, WindowTokens));
        Assert.Equal((quantized - plain) / figures.TokenCount, figures.FrontWeights[4].Nats, 1e-9);
        var fewKvBits = Nll(new SplitModel(Quill.Whole, Quill.Whole, transport: null, WindowTokens, KvFormat.Int4));
        Assert.Equal((fewKvBits - plain) / figures.TokenCount, Assert.Single(figures.KeyValues).Nats, 1e-9);
        Assert.All(figures.HiddenStates, cost => Assert.InRange(cost.TokenBytes, cost.PromptBytes, 2 * Quill.Config.HiddenSize / 3.0));
    }

    [Fact]
    public void Verify_NothingRounded_CostsNothing()
    {
        var choice = new SplitChoice(8, WeightFormat.Unquantized, WeightFormat.Unquantized, KvFormat.Float16, KvFormat.Float16);
        Assert.Equal((0, 0), _measurement.Verify(choice, CompressionOptions.Lossless, calibration: null));
    }

    /// <summary>Front, link and back at once, each side with its own keys and values.</summary>
    [Fact]
    public void Verify_Choice_MeasuresAllOfItTogether()
    {
        var split = ModelCalibration.TryOpen(_checkpoint)!.For(4)!;
        var choice = new SplitChoice(4, new WeightFormat(3), WeightFormat.Unquantized, KvFormat.Int4, KvFormat.Float16);
        var (rise, error) = _measurement.Verify(choice, Options(split), split);
        Assert.InRange(rise, 0.002, 0.2);
        Assert.True(error > 0);
        var (lessRise, _) = _measurement.Verify(choice with { FrontWeights = WeightFormat.Unquantized, FrontKv = KvFormat.Float16 }, CompressionOptions.Lossless, calibration: null);
        Assert.Equal(0, lessRise, 1e-12);
    }

    /// <summary>The text's first token is not begin-of-text: nothing predicts it, and no window after the first starts with it.</summary>
    [Fact]
    public void Run_ModelWithoutBeginOfText_DoesNotPredictTheFirstToken()
    {
        using var builder = new CheckpointBuilder();
        builder.Config["vocab_size"] = 256;
        builder.Config.Remove("bos_token_id");
        builder.AddModelTensors().WriteSingleFile().Write("tokenizer.json", TokenizerJson.WithMerges());
        using var checkpoint = Checkpoint.Open(builder.Folder);
        var text = string.Concat(Enumerable.Range(0, 400).Select(i => (char)('a' + (i * i % 7))));
        var tokens = Tokenizer.Load(checkpoint).Encode(text, addSpecialTokens: false, parseSpecialTokens: false);

        var figures = new AccuracyMeasurement(checkpoint, text, "text", tokenCountMax: 1000, _threads, new StepClock())
            .Run(new AccuracyPlan([], [KvFormat.Int8], QualityTarget.Default), _ => CompressionOptions.Lossless, calibration: null);

        var segment = Segment.Load(checkpoint, new LayerRange(0, 2));
        using var model = new SplitModel(segment, segment, transport: null, checkpoint.Config.ContextLength);
        var expected = Perplexity.Measure(model, tokens, checkpoint.Config.ContextLength, beginOfText: null, checkpoint.Config.VocabularySize);
        Assert.Equal(tokens.Length - 1, figures.TokenCount);
        Assert.Equal(expected.Value, figures.Perplexity, 1e-9);
        Assert.NotNull(figures.HiddenStates[0].StandardError);
    }

    [Fact]
    public void Constructor_ShortText_IsRefused()
    {
        var error = Assert.Throws<UserErrorException>(() => new AccuracyMeasurement(_checkpoint, "Once upon a time", "short.txt", 4096, _threads, new StepClock()));
        Assert.Equal("short.txt", error.Place);
    }

    private static CompressionOptions Options(SplitCalibration split) => split.RateDistortionFor(QualityTarget.Default, RateDistortionTransform.Columns);

    private static double Nll(SplitModel model) => Perplexity.Measure(
        model, HeldoutText.Tokens.AsSpan(0, 2 * WindowTokens), WindowTokens, Quill.Config.BosTokenId!.Value, Quill.Config.VocabularySize).NegativeLogLikelihood;

    private sealed class Reports(List<EvaluationProgress> reports) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => reports.Add(value);
    }
}
