using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Evaluation.Codecs;

public sealed class CodecEvaluationTests : IDisposable
{
    private const int TextTokens = 600; // a window and a shorter one

    private static readonly CodecChoice Lossless = new("raw", () => new FrameTransport(CompressionOptions.Lossless)) { WritesFrames = true };
    private static readonly CodecChoice Coarse = CodecCatalog.Tabq(new TabqOptions(bitsMax: 3, bitsMin: 3));

    private readonly Checkpoint _checkpoint = Checkpoint.Open(Repository.Quill);
    private readonly ComputeThreads _threads = new(2);

    private static ReadOnlyMemory<int> Text => HeldoutText.Tokens.AsMemory(0, TextTokens);

    public void Dispose()
    {
        _threads.Dispose();
        _checkpoint.Dispose();
    }

    [Fact]
    public void Run_LosslessCodec_CostsNothing()
    {
        var (uncompressed, measurements) = Run([2, 5], Lossless);
        var whole = HeldoutText.Measure(new SplitModel(Quill.Whole, Quill.Whole, transport: null, HeldoutText.WindowTokens), Text.Span);
        Assert.Equal(whole.NegativeLogLikelihood, uncompressed.NegativeLogLikelihood, 1e-9);
        Assert.Equal(TextTokens, uncompressed.TokenCount);
        Assert.Equal([2, 5], measurements.Select(measurement => measurement.SplitLayer!.Value));
        Assert.All(measurements, measurement => Assert.Equal((0, 0, 0), (measurement.PerplexityRise, measurement.PerplexityRiseError, measurement.FlipShare)));
        Assert.All(measurements, measurement => Assert.InRange(measurement.Link.Ratio, 0.49, 0.5)); // float32, and headers
    }

    /// <summary>Front, link and back as segments, as sessions run them.</summary>
    [Fact]
    public void Run_LossyCodec_IsWhatASplitModelMeasures()
    {
        var (uncompressed, measurements) = Run([4], Coarse);
        var transport = Coarse.Open(new CodecPlace(4));
        var split = new SplitModel(Quill.Front(4), Quill.Back(4), Cross, HeldoutText.WindowTokens);
        var expected = HeldoutText.Measure(split, Text.Span);

        var measurement = Assert.Single(measurements);
        Assert.Equal((expected.Value / uncompressed.Value) - 1, measurement.PerplexityRise, 1e-9);
        Assert.InRange(measurement.PerplexityRise, 0.02, 1);
        Assert.InRange(measurement.FlipShare, 0.05, 0.9);
        Assert.NotNull(measurement.PerplexityRiseError);

        void Cross(Span<float> hidden, int rows)
        {
            var tokens = new int[rows];
            transport.Decode(transport.Encode(hidden, tokens, Quill.Config.HiddenSize), tokens, hidden, Quill.Config.HiddenSize);
        }
    }

    [Fact]
    public void Run_SampleFrames_DecodeAndBaselinesHaveNone()
    {
        var (_, measurements) = Run([4], Coarse, CodecCatalog.Baselines[0]);
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(measurements[0].SampleFrame.Span, out var frame));
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(measurements[0].SampleTokenFrame.Span, out var tokenFrame));
        Assert.Equal((MeteredTransport.FrameTokens, 1), (frame.Rows, tokenFrame.Rows));
        Assert.True(measurements[1].SampleFrame.IsEmpty && measurements[1].SampleTokenFrame.IsEmpty);
    }

    [Fact]
    public void Run_Progress_GrowsToTheEnd()
    {
        var reports = new Reports();
        using var evaluation = new CodecEvaluation(_checkpoint, [6, 7], [Lossless, Coarse], new StepClock(), _threads);
        evaluation.Run(Text, reports);
        Assert.Equal((2 * 2 * 2) + 1, reports.Values.Count); // windows, splits, codecs; and the end
        Assert.Equal(reports.Values.Select(report => report.ShareDone).Order(), reports.Values.Select(report => report.ShareDone));
        Assert.Equal(new EvaluationProgress(1, TextTokens, TextTokens), reports.Values[^1]);
    }

    [Fact]
    public void Mean_OfSplits_AddsBytesAndAveragesTheLoss()
    {
        var (_, measurements) = Run([4, 6], Coarse);
        var mean = CodecMeasurement.Mean(measurements);
        Assert.Null(mean.SplitLayer);
        Assert.Equal(measurements.Average(measurement => measurement.Link.BytesPerToken), mean.Link.BytesPerToken, 1e-9);
        Assert.Equal(measurements.Average(measurement => measurement.LogLikelihoodLoss.Mean), mean.LogLikelihoodLoss.Mean, 1e-12);
        Assert.Equal(measurements.Average(measurement => measurement.FlipShare), mean.FlipShare, 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public void Constructor_SplitThatIsNone_IsRefused(int splitLayer) =>
        Assert.Throws<ArgumentException>(() => new CodecEvaluation(_checkpoint, [splitLayer], [Lossless], new StepClock(), _threads));

    private (Perplexity Uncompressed, IReadOnlyList<CodecMeasurement> Measurements) Run(int[] splitLayers, params CodecChoice[] codecs)
    {
        using var evaluation = new CodecEvaluation(_checkpoint, splitLayers, codecs, new StepClock(), _threads);
        return evaluation.Run(Text);
    }

    private sealed class Reports : IProgress<EvaluationProgress>
    {
        public List<EvaluationProgress> Values { get; } = [];

        public void Report(EvaluationProgress value) => Values.Add(value);
    }
}
