using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.Evaluation.Codecs;

public sealed class MeteredTransportTests
{
    private const int Width = 256;
    private const int Rows = 150; // frames of 64, 64 and 22

    private static readonly TabqOptions Options = new();

    [Fact]
    public void Cross_Frames_AreCountedWithTheirHeaders()
    {
        var link = new MeteredTransport(new FrameTransport(new CompressionOptions(FrameCodec.Tabq, Options)), Width, new StepClock());
        var hidden = GoldenInputs.Normal(Rows * Width);
        var encoder = new HiddenStateEncoder(new CompressionOptions(FrameCodec.Tabq, Options));
        var frames = new[] { (0, 64), (64, 64), (128, 22) }.Select(part => encoder.Encode(hidden.AsSpan(part.Item1 * Width, part.Item2 * Width), part.Item2, Width).Bytes).ToArray();
        var tokenFrames = Enumerable.Range(0, Rows).Select(row => encoder.Encode(hidden.AsSpan(row * Width, Width), 1, Width).Bytes).ToArray();

        link.Cross(hidden, new int[Rows]);

        var figures = link.Figures;
        Assert.Equal((Rows, frames.Sum(frame => frame.Length), tokenFrames.Sum(frame => frame.Length)), (figures.TokenCount, figures.FrameBytes, figures.TokenFrameBytes));
        Assert.Equal(frames[0].ToArray(), link.FirstFrame.ToArray());
        Assert.Equal(tokenFrames[0].ToArray(), link.FirstTokenFrame.ToArray());
        var received = new float[64 * Width];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frames[1].Span, received, out _));
        Assert.Equal(received, hidden.AsSpan(64 * Width, 64 * Width).ToArray());
    }

    [Fact]
    public void Figures_AreOfOneToken()
    {
        var link = new MeteredTransport(new Float16Transport(), Width, new StepClock());
        for (var window = 0; window < 3; window++)
            link.Cross(new float[Rows * Width], new int[Rows]);

        var figures = link.Figures;
        Assert.Equal((512, 512, 16, 1, 1), (figures.BytesPerToken, figures.BytesPerTokenAlone, figures.BitsPerValue, figures.Ratio, figures.RatioAlone));
        Assert.Equal((1, 1), (figures.TokenEncodeUs, figures.TokenDecodeUs));           // the clock's microsecond between two looks
        Assert.Equal((3.0 / Rows, 3.0 / Rows), (figures.EncodeUs, figures.DecodeUs));   // three frames
    }
}
