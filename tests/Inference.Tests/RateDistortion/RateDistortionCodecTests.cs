using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.RateDistortion;

public class RateDistortionCodecTests
{
    private const int Width = 64;

    [Theory]
    [InlineData(1f / 64)]
    [InlineData(0.3f)]
    [InlineData(8)]
    public void Decode_AnyValues_KeepsOutliersExactlyAndTheRestWithinTheBound(float relativeStep) =>
        Property.Holds(200, HiddenCase.Gen, sample =>
        {
            var hidden = sample.Values();
            var frame = new HiddenStateEncoder(Options(relativeStep)).Encode(hidden, sample.Rows, sample.Width).Bytes.Span;
            var decoded = new float[hidden.Length];
            Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out var header));
            var steps = header.Codec == FrameCodec.None ? new float[sample.Rows] : FrameRecords.Steps(frame, header, hidden, relativeStep);
            for (var i = 0; i < hidden.Length; i++)
            {
                if (BitConverter.SingleToInt32Bits(hidden[i]) == BitConverter.SingleToInt32Bits(decoded[i]))
                    continue;
                var bound = (0.5801 * steps[i / sample.Width]) + (Math.Pow(2, -22) * Math.Abs((double)hidden[i]));
                Assert.InRange(Math.Abs((double)decoded[i] - hidden[i]), 0, bound);
            }
        });

    [Fact]
    public void Encode_OrdinaryToken_HasTheStepThatWasAskedFor()
    {
        var hidden = GoldenInputs.Normal(256);
        var frame = new HiddenStateEncoder(Options(0.3f)).Encode(hidden, 1, 256).Bytes.Span;
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame, out var header));
        var asked = 0.3 * ThresholdSplitter.RootMeanSquare(hidden);
        Assert.InRange(FrameRecords.Steps(frame, header, hidden, 0.3f)[0] / asked, Math.Pow(2, -0.126), Math.Pow(2, 0.126));
    }

    [Fact]
    public void Encode_HugeOutlierInAWideToken_DoesNotCoarsenTheRest()
    {
        var hidden = GoldenInputs.Normal(4096);
        hidden[1234] = 1e9f;
        var encoded = new HiddenStateEncoder(Options(0.3f)).Encode(hidden, 1, 4096);
        var decoded = new float[4096];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(encoded.Bytes.Span, decoded, out _));
        Assert.Equal(1, encoded.Statistics.OutlierCount);
        Assert.Equal(1e9f, decoded[1234]);
        Assert.All(Enumerable.Range(0, 4096).Where(i => i != 1234), i => Assert.InRange(decoded[i] - hidden[i], -0.2f, 0.2f));
    }

    [Theory]
    [InlineData(RateDistortionTransform.Columns)]
    [InlineData(RateDistortionTransform.KarhunenLoeve)]
    [InlineData(RateDistortionTransform.Prediction)]
    public void Decode_WithCalibration_KeepsTheErrorOfEachCoefficient(RateDistortionTransform transform)
    {
        var calibration = SyntheticCalibration.Of(Width);
        var (hidden, embeddings) = States(rows: 5);
        var encoder = new HiddenStateEncoder(Options(0.3f, transform), calibration);
        var frame = encoder.Encode(hidden, 5, Width, embeddings).Bytes.Span;
        var decoded = new float[hidden.Length];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out var header, calibration, embeddings));
        Assert.Equal(transform, FrameRecords.Setting(frame, header).Transform);
        var steps = FrameRecords.Steps(frame, header, hidden, 0.3f);
        for (var row = 0; row < 5; row++)
        {
            var error = Math.Sqrt(Enumerable.Range(row * Width, Width).Sum(i => Math.Pow(decoded[i] - hidden[i], 2)));
            Assert.InRange(error, 0, 0.5801 * steps[row] * Math.Sqrt(Width) * 1.001);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.MaxValue)]
    public void Encode_ValueThatCannotBeRotated_TravelsLosslesslyWithoutRotation(float value)
    {
        var calibration = SyntheticCalibration.Of(Width);
        var (hidden, embeddings) = States(rows: 2);
        hidden[70] = value;
        var frame = new HiddenStateEncoder(Options(0.3f, RateDistortionTransform.Prediction), calibration).Encode(hidden, 2, Width, embeddings).Bytes.Span;
        var decoded = new float[hidden.Length];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out var header, calibration));
        Assert.Equal(RateDistortionTransform.Columns, FrameRecords.Setting(frame, header).Transform);
        Assert.Equal(BitConverter.SingleToInt32Bits(value), BitConverter.SingleToInt32Bits(decoded[70]));
    }

    [Fact]
    public void Encode_UnknownTokens_IsNotPredicted()
    {
        var calibration = SyntheticCalibration.Of(Width);
        var frame = new HiddenStateEncoder(Options(0.3f, RateDistortionTransform.Prediction), calibration).Encode(States(1).Hidden, 1, Width).Bytes.Span;
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame, out var header));
        Assert.Equal(RateDistortionTransform.KarhunenLoeve, FrameRecords.Setting(frame, header).Transform);
    }

    [Fact]
    public void Decode_WithoutTheCalibration_SaysWhatIsMissing()
    {
        var calibration = SyntheticCalibration.Of(Width);
        var (hidden, embeddings) = States(rows: 1);
        var frame = new HiddenStateEncoder(Options(0.3f, RateDistortionTransform.Prediction), calibration).Encode(hidden, 1, Width, embeddings).Bytes.Span;
        var decoded = new float[Width];
        Assert.Equal(DecodeStatus.MissingContext, FrameDecoder.Decode(frame, decoded, out _));
        Assert.Equal(DecodeStatus.MissingContext, FrameDecoder.Decode(frame, decoded, out _, calibration));
        Assert.Equal(DecodeStatus.BadChecksum, FrameDecoder.Decode(frame, decoded, out _, SyntheticCalibration.Of(Width, id: 1), embeddings));
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out _, calibration, embeddings));
    }

    [Fact]
    public void Decode_DamagedPayload_IsRefusedOrDecodes()
    {
        var calibration = SyntheticCalibration.Of(Width);
        var (hidden, embeddings) = States(rows: 3);
        var decoded = new float[hidden.Length];
        foreach (var transform in Enum.GetValues<RateDistortionTransform>())
        {
            var whole = new HiddenStateEncoder(Options(0.3f, transform), calibration).Encode(hidden, 3, Width, embeddings).Bytes.ToArray();
            Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(whole, out var header));
            Property.Holds(2000, FsCheck.Fluent.Gen.Choose(0, int.MaxValue), seed =>
            {
                var random = new Random(seed);
                var frame = whole[..random.Next(header.HeaderBytes + 5, whole.Length + 1)];
                for (var flips = random.Next(4); flips >= 0; flips--)
                    frame[random.Next(header.HeaderBytes, frame.Length)] ^= (byte)(1 << random.Next(8));
                var isCalibrated = (frame[header.HeaderBytes] & 3) != 0;
                FrameHeader.WriteChecksum(frame, isCalibrated ? calibration.ChecksumSeed : 0);
                var status = FrameDecoder.Decode(frame, decoded, out _, calibration, embeddings);
                Assert.Contains(status, new[] { DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.NeedMoreData, DecodeStatus.MissingContext });
            });
        }
    }

    [Fact]
    public void Encode_SteadyState_AllocatesTheFrameAlone()
    {
        var calibration = SyntheticCalibration.Of(Width);
        var (hidden, embeddings) = States(rows: 8);
        var decoded = new float[hidden.Length];
        foreach (var transform in Enum.GetValues<RateDistortionTransform>())
        {
            var encoder = new HiddenStateEncoder(Options(0.3f, transform), calibration);
            var frame = encoder.Encode(hidden, 8, Width, embeddings).Bytes;
            Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame.Span, decoded, out _, calibration, embeddings));
            Assert.InRange(Allocations.LeastBytes(() => encoder.Encode(hidden, 8, Width, embeddings)), 0, frame.Length + 64);
            Assert.Equal(0, Allocations.LeastBytes(() => FrameDecoder.Decode(frame.Span, decoded, out _, calibration, embeddings)));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(float.NaN)]
    [InlineData(9)]
    public void Options_StepOutOfRange_IsRefused(float relativeStep) =>
        Assert.Contains("RelativeStep", Assert.Throws<UserErrorException>(() => new RateDistortionOptions(relativeStep)).Message, StringComparison.Ordinal);

    private static CompressionOptions Options(float relativeStep, RateDistortionTransform transform = RateDistortionTransform.None) =>
        new(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(relativeStep, transform) };

    private static (float[] Hidden, float[] Embeddings) States(int rows)
    {
        var values = GoldenInputs.Normal(2 * rows * Width);
        return (values[..(rows * Width)], values[(rows * Width)..]);
    }

    [Theory]
    [InlineData(RateDistortionTransform.Prediction, RateDistortionTransform.KarhunenLoeve)]
    [InlineData(RateDistortionTransform.KarhunenLoeve, RateDistortionTransform.KarhunenLoeve)]
    public void Encode_TokensThatTheReceiverMayNotKnow_HaveTheStepOfTheirQuality(RateDistortionTransform asked, RateDistortionTransform used)
    {
        var calibration = FrameCorpus.OpenCalibration();
        foreach (var quality in QualityTarget.All)
            Assert.Equal(Encode(quality, used), Encode(quality, asked));

        string Encode(QualityTarget quality, RateDistortionTransform transform) => Convert.ToHexString(
            new HiddenStateEncoder(calibration.RateDistortionFor(quality, transform), calibration).Encode(GoldenInputs.Normal(2 * calibration.Width), 2, calibration.Width).Bytes.Span);
    }
}
