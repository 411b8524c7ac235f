using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Tests.Models;
using Xunit.Abstractions;

namespace SplitActors.Inference.Tests.Evaluation;

/// <summary>
/// What compression with the default options costs at every split of the embedded model. Each token has a frame of its own, as when
/// decoding: a header and a checksum per token is the worst case for the ratio.
/// </summary>
public sealed class CompressionQualityTests(ITestOutputHelper output)
{
    private const double PerplexityRiseMax = 0.01;
    private const double RatioToFloat16Min = 3.5;

    /// <summary>The first quarter of the text, for time; the benchmarks take all of it.</summary>
    private const int WindowCount = 16;

    private static readonly Lazy<Perplexity> Uncompressed = new(() =>
        HeldoutText.Measure(new SplitModel(Quill.Whole, Quill.Whole, transport: null, HeldoutText.WindowTokens), Text));

    public static TheoryData<int> SplitLayers => [.. Enumerable.Range(1, Quill.Config.LayerCount - 1)];

    private static ReadOnlySpan<int> Text => HeldoutText.Tokens.AsSpan(0, WindowCount * HeldoutText.WindowTokens);

    [Theory]
    [MemberData(nameof(SplitLayers))]
    public void DefaultOptions_AtEverySplit_KeepThePerplexityAndReachTheRatio(int splitLayer)
    {
        var link = new CompressedLink(CompressionOptions.Default);
        var model = new SplitModel(Quill.Front(splitLayer), Quill.Back(splitLayer), link.Transport, HeldoutText.WindowTokens);
        var perplexity = HeldoutText.Measure(model, Text);
        var rise = (perplexity.Value / Uncompressed.Value.Value) - 1;
        output.WriteLine($"split {splitLayer}: perplexity {perplexity.Value:f4} ({rise:+0.000%;-0.000%}), ratio {link.RatioToFloat16:f3}");
        Assert.InRange(rise, double.NegativeInfinity, PerplexityRiseMax);
        Assert.InRange(link.RatioToFloat16, RatioToFloat16Min, double.PositiveInfinity);
    }

    [Fact]
    public void LosslessOptions_ChangeNothing()
    {
        var link = new CompressedLink(CompressionOptions.Lossless);
        var split = new SplitModel(Quill.Front(4), Quill.Back(4), link.Transport, HeldoutText.WindowTokens);
        var whole = new SplitModel(Quill.Whole, Quill.Whole, transport: null, HeldoutText.WindowTokens);
        var text = Text[..HeldoutText.WindowTokens];
        Assert.Equal(HeldoutText.Measure(whole, text), HeldoutText.Measure(split, text));
        Assert.InRange(link.RatioToFloat16, 0.48, 0.5); // float32, and the frame around it
    }

    /// <summary>Encodes and decodes token by token, and adds up the bytes.</summary>
    private sealed class CompressedLink(CompressionOptions options)
    {
        private readonly HiddenStateEncoder _encoder = new(options);
        private long _float16Bytes;
        private long _frameBytes;

        public double RatioToFloat16 => (double)_float16Bytes / _frameBytes;

        public void Transport(Span<float> hidden, int rows)
        {
            var width = hidden.Length / rows;
            for (var row = 0; row < rows; row++)
            {
                var token = hidden.Slice(row * width, width);
                var frame = _encoder.Encode(token, rows: 1, width);
                Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame.Bytes.Span, token, out _));
                _float16Bytes += frame.Statistics.Float16Bytes;
                _frameBytes += frame.Bytes.Length;
            }
        }
    }
}
