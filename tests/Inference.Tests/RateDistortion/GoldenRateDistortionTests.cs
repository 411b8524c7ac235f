using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>Frames kept as files: encoding gives their bytes on every CPU, and they decode to the same values forever.</summary>
public class GoldenRateDistortionTests
{
    private const string ValuesFile = "values.sha256";

    [Theory]
    [InlineData("none-1x1", RateDistortionTransform.None, 1, 1)]
    [InlineData("none-3x7", RateDistortionTransform.None, 3, 7)]
    [InlineData("none-1x256", RateDistortionTransform.None, 1, 256)]
    [InlineData("none-64x256", RateDistortionTransform.None, 64, 256)]
    [InlineData("none-1x4097", RateDistortionTransform.None, 1, 4097)]
    [InlineData("columns-5x64", RateDistortionTransform.Columns, 5, 64)]
    [InlineData("klt-5x64", RateDistortionTransform.KarhunenLoeve, 5, 64)]
    [InlineData("prediction-5x64", RateDistortionTransform.Prediction, 5, 64)]
    [InlineData("prediction-9x256", RateDistortionTransform.Prediction, 9, 256)]
    public void EncodeDecode_GoldenInput_GivesTheSameBytesAndValuesOnEveryCpu(string name, RateDistortionTransform transform, int rows, int width)
    {
        var hidden = GoldenInputs.Normal(rows * width);
        if (transform == RateDistortionTransform.None && width > 6)
            (hidden[3], hidden[5]) = (float.NaN, -40.125f);
        var embeddings = GoldenInputs.Normal(2 * hidden.Length)[hidden.Length..];
        var calibration = transform == RateDistortionTransform.None ? null : SyntheticCalibration.Of(width);
        var options = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(0.3f, transform) };
        var frame = new HiddenStateEncoder(options, calibration).Encode(hidden, rows, width, embeddings).Bytes.ToArray();
        Assert.Equal(Convert.ToHexString(File.ReadAllBytes(PathTo($"{name}.frame.bin"))), Convert.ToHexString(frame));

        var decoded = new float[hidden.Length];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out _, calibration, embeddings));
        var hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(decoded.AsSpan())));
        Assert.Contains($"{hash}  {name}\n", File.ReadAllText(PathTo(ValuesFile)), StringComparison.Ordinal);
    }

    private static string PathTo(string file) => Path.Combine(Repository.PathTo("tests", "Inference.Tests", "RateDistortion", "GoldenFrames"), file);
}
