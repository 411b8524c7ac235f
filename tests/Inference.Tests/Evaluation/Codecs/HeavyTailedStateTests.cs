using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Inference.Tests.Evaluation.Codecs;

public sealed class HeavyTailedStateTests
{
    private const int Width = 4096;

    [Fact]
    public void Fill_Values_HaveTheStatedTail()
    {
        const int Rows = 1000;
        var values = new float[Rows * Width];
        new HeavyTailedState(seed: 7, Width).Fill(0, values);
        Assert.InRange(values.Count(value => MathF.Abs(value) < 1) / (double)values.Length, 0.9895, 0.9905);
        Assert.InRange(values.Count(value => MathF.Abs(value) > 100), 8, 36); // 20 expected, σ = 4.5
        Assert.InRange(values.Count(value => value > 0) / (double)values.Length, 0.498, 0.502);
        Assert.All(values, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Fill_Rows_AreTheSameInAnyWindow()
    {
        var state = new HeavyTailedState(seed: 7, Width);
        var (together, alone) = (new float[3 * Width], new float[Width]);
        state.Fill(0, together);
        state.Fill(2, alone);
        Assert.Equal(together.AsSpan(2 * Width).ToArray(), alone);
        new HeavyTailedState(seed: 8, Width).Fill(2, alone);
        Assert.NotEqual(together.AsSpan(2 * Width).ToArray(), alone);
    }

    /// <summary>Without splitting, a token's largest value sets the step of all others.</summary>
    [Fact]
    public void Run_ThresholdSplitting_KeepsTheOtherValues()
    {
        CodecChoice[] codecs =
        [
            CodecCatalog.Baselines.Single(codec => codec.Name == "int4-token"),
            CodecCatalog.Tabq(new TabqOptions(CodecCatalog.NoThreshold, bitsMax: 4, bitsMin: 4)),
            CodecCatalog.Tabq(new TabqOptions(Threshold.RelativeToRms(3), bitsMax: 4, bitsMin: 4)),
            new("raw", () => new FrameTransport(CompressionOptions.Lossless)),
        ];
        var measured = StateEvaluation.Run(new HeavyTailedState(seed: 1, Width), tokenCount: 300, codecs, new StepClock());
        Assert.Equal(["int4-token", "tabq:none:4", "tabq:3rms:4", "raw"], measured.Select(measurement => measurement.Codec), StringComparer.Ordinal);
        Assert.InRange(measured[0].CleanError, 0.84, 0.95);
        Assert.InRange(measured[1].CleanError, 0.84, 0.95);
        Assert.InRange(measured[2].CleanError, 0.1, 0.25);
        Assert.All(measured.Take(3), measurement => Assert.InRange(measurement.Error, 0, measurement.CleanError));
        Assert.True(measured[2].LargestError < measured[1].LargestError / 10);
        Assert.True(measured[2].Link.BytesPerToken < measured[0].Link.BytesPerToken);
        Assert.Equal((0, 0, 0), (measured[3].Error, measured[3].CleanError, measured[3].LargestError));
    }

    [Fact]
    public void Run_Errors_AreThoseOfTheValues()
    {
        var state = new HeavyTailedState(seed: 3, width: 96);
        var measured = StateEvaluation.Run(state, tokenCount: 2, [CodecCatalog.Baselines.Single(codec => codec.Name == "int4-g32")], new StepClock()).Single();
        var (sent, received) = (new float[2 * 96], new float[2 * 96]);
        state.Fill(0, sent);
        var transport = new AbsmaxTransport(bits: 4, blockSize: 32, ScaleType.Float16);
        transport.Decode(transport.Encode(sent, [0, 0], 96), [0, 0], received, 96);
        var pairs = sent.Zip(received).ToArray();
        Assert.Equal(Relative(pairs), measured.Error, tolerance: 1e-12);
        Assert.Equal(Relative(pairs.Where(pair => MathF.Abs(pair.First) < 1)), measured.CleanError, tolerance: 1e-12);
        Assert.Equal(pairs.Max(pair => Math.Abs((double)pair.Second - pair.First)), measured.LargestError, tolerance: 1e-12);

        static double Relative(IEnumerable<(float Sent, float Received)> pairs) =>
            Math.Sqrt(pairs.Sum(pair => Math.Pow((double)pair.Received - pair.Sent, 2)) / pairs.Sum(pair => Math.Pow(pair.Sent, 2)));
    }
}
