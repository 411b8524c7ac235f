using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>The promise of the codec where a rotation is asked for, with one that float16 does not hold exactly, over values that are hard on it.</summary>
public sealed class RotationBoundTests(RotationBoundTests.Rotations rotations) : IClassFixture<RotationBoundTests.Rotations>
{
    private const float RelativeStep = 0.3f;
    private const int OrdinaryRows = 7;          // keep a frame with a token of outliers alone shorter than raw
    private const float PredictionRatio = 0.5f; // of SyntheticCalibration

    [Theory]
    [InlineData(RateDistortionTransform.KarhunenLoeve, 64)]
    [InlineData(RateDistortionTransform.KarhunenLoeve, 256)]
    [InlineData(RateDistortionTransform.Prediction, 64)]
    [InlineData(RateDistortionTransform.Prediction, 256)]
    public void Decode_AnyValues_AreFiniteAndWithinTheBoundOrCarriedByColumns(RateDistortionTransform transform, int width) =>
        Property.Holds(150, FsCheck.Fluent.Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new Random(seed);
            var hidden = new float[random.Next(1, OrdinaryRows) * width];
            for (var row = 0; row < hidden.Length; row += width)
                Fill(random, hidden.AsSpan(row, width));
            _ = Check(hidden, Embeddings(random, hidden.Length), rotations.Of(width), transform);
        });

    [Theory]
    [InlineData(RateDistortionTransform.KarhunenLoeve)]
    [InlineData(RateDistortionTransform.Prediction)]
    public void Encode_CoefficientsBeyondFloat32_AreCarriedByColumns(RateDistortionTransform transform)
    {
        float[] hidden = [.. Enumerable.Repeat(8e37f, 256), .. GoldenInputs.Normal(OrdinaryRows * 256)];
        Assert.Equal(RateDistortionTransform.Columns, Check(hidden, new float[hidden.Length], rotations.Of(256), transform));
    }

    [Fact]
    public void Encode_PredictionBeyondFloat32_IsCarriedByColumns()
    {
        float[] embeddings = [.. Enumerable.Repeat(float.MaxValue, 256)];
        Assert.Equal(RateDistortionTransform.Columns, Check(GoldenInputs.Normal(256), embeddings, rotations.Of(256), RateDistortionTransform.Prediction));
    }

    [Theory]
    [InlineData(RateDistortionTransform.KarhunenLoeve, 1e6f)]
    [InlineData(RateDistortionTransform.KarhunenLoeve, 1e30f)]
    [InlineData(RateDistortionTransform.Prediction, 1e6f)]
    [InlineData(RateDistortionTransform.Prediction, 1e30f)]
    public void Decode_HugeOutlier_IsRotatedWithinTheBound(RateDistortionTransform transform, float magnitude)
    {
        var hidden = GoldenInputs.Normal((OrdinaryRows + 1) * 256);
        hidden[77] = magnitude;
        Assert.Equal(transform, Check(hidden, new float[hidden.Length], rotations.Of(256), transform));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    public void Rotation_RoundedToFloat16_IsOrthonormalWithinTheStatedLimitButNotExactly(int width) =>
        Assert.InRange(rotations.Of(width).Deviation, Math.Pow(2, -14), Math.Pow(2, -9));

    /// <summary>Any values, or all near the limit of float32, or along one axis of the rotation.</summary>
    private void Fill(Random random, Span<float> row)
    {
        HiddenValues.Fill(random, row);
        var kind = random.Next(4);
        if (kind > 1)
            return;
        var magnitude = MathF.ScaleB(8e37f, -random.Next(16));
        var axis = random.Next(row.Length) * row.Length;
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = kind == 0
                ? (random.Next(2) == 0 ? magnitude : -magnitude)
                : magnitude * (float)BitConverter.UInt16BitsToHalf(rotations.Of(row.Length).Vectors[axis + i]);
        }
    }

    private static float[] Embeddings(Random random, int count)
    {
        var scale = random.Next(4) switch { 0 => 1e30f, 1 => 5e37f, _ => 1 };
        return [.. Enumerable.Range(0, count).Select(_ => scale * HiddenValues.Normal(random))];
    }

    /// <returns>The transform that the frame has.</returns>
    private static RateDistortionTransform Check(float[] hidden, float[] embeddings, Rotation rotation, RateDistortionTransform transform)
    {
        var options = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(RelativeStep, transform) };
        var calibration = rotation.Calibration;
        var width = calibration.Width;
        var frame = new HiddenStateEncoder(options, calibration).Encode(hidden, hidden.Length / width, width, embeddings).Bytes.Span;
        var decoded = new float[hidden.Length];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, decoded, out var header, calibration, embeddings));
        if (header.Codec == FrameCodec.None)
        {
            Assert.Equal(hidden.Select(BitConverter.SingleToInt32Bits), decoded.Select(BitConverter.SingleToInt32Bits));
            return RateDistortionTransform.None;
        }

        var sent = FrameRecords.Setting(frame, header).Transform;
        var steps = FrameRecords.Steps(frame, header, hidden, RelativeStep, calibration);
        var mean = calibration.Transform(sent)!.Mean;
        for (var row = 0; row < steps.Length; row++)
        {
            var (from, to) = (hidden[(row * width)..((row + 1) * width)], decoded[(row * width)..((row + 1) * width)]);
            if (sent == RateDistortionTransform.Columns)
            {
                CheckColumns(from, to, mean, steps[row]);
                continue;
            }

            Assert.Equal(transform, sent);
            var ratio = sent == RateDistortionTransform.Prediction ? PredictionRatio : 0;
            var rotated = Norm(i => (double)from[i] - mean[i] - (ratio * (double)embeddings[(row * width) + i]), width);
            var gridNorm = Math.Sqrt(width) * steps[row];
            var rounding = ((width / 8.0) + 10) * Math.Sqrt(width) * Math.Pow(2, -24) * (rotated + gridNorm);
            var bound = (0.581 * gridNorm) + (rotation.Deviation * rotated) + rounding + (Math.Pow(2, -23) * Norm(i => from[i], width));
            Assert.All(to, value => Assert.True(float.IsFinite(value)));
            Assert.InRange(Norm(i => (double)to[i] - from[i], width), 0, bound);
        }

        return sent;
    }

    private static void CheckColumns(float[] from, float[] to, float[] mean, float step)
    {
        for (var i = 0; i < from.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(from[i]) == BitConverter.SingleToInt32Bits(to[i]))
                continue;
            var bound = (0.5801 * step) + (Math.Pow(2, -22) * (Math.Abs((double)from[i]) + Math.Abs(mean[i])));
            Assert.InRange(Math.Abs((double)to[i] - from[i]), 0, bound);
        }
    }

    private static double Norm(Func<int, double> element, int count) => Math.Sqrt(Enumerable.Range(0, count).Sum(i => element(i) * element(i)));

    /// <param name="Vectors">[width, width] float16 B.</param>
    /// <param name="Deviation">‖BᵀB − 1‖, the largest magnitude of its eigenvalues.</param>
    /// <param name="Calibration">With B for both transforms that rotate.</param>
    internal sealed record Rotation(ushort[] Vectors, double Deviation, SplitCalibration Calibration);

    /// <summary>One of each width.</summary>
    public sealed class Rotations
    {
        private readonly Dictionary<int, Rotation> _rotations = new[] { 64, 256 }.ToDictionary(width => width, Make);

        internal Rotation Of(int width) => _rotations[width];

        private static Rotation Make(int width)
        {
            var vectors = SyntheticCalibration.RoundedRotation(width);
            var transposed = new double[width * width];
            for (var i = 0; i < transposed.Length; i++)
                transposed[(i % width * width) + (i / width)] = (double)BitConverter.UInt16BitsToHalf(vectors[i]);
            var gram = new double[width * width];
            for (var i = 0; i < gram.Length; i++)
            {
                gram[i] = DoubleVectors.Dot(transposed.AsSpan(i / width * width, width), transposed.AsSpan(i % width * width, width))
                    - (i / width == i % width ? 1 : 0);
            }

            return new Rotation(vectors, SymmetricEigen.Decompose(gram, width).Values.Max(Math.Abs), SyntheticCalibration.With(vectors, width));
        }
    }
}
