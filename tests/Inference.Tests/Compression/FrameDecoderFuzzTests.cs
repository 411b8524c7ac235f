using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Tests.RateDistortion;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Frames of hidden states from anyone; <see cref="FrameMutator.InputCount"/> of them, and every flipped bit of a thousand.</summary>
public class FrameDecoderFuzzTests
{
    private const int FrameBytesMax = 4096;
    private const int FlippedFrameCount = 1000;

    /// <summary>What the runtime and the shared pools may keep of the first calls, whatever follows: the widest row's tables, and a block of rows.</summary>
    private const int FirstCallsBytesMax = 1 << 20;

    private const int CalibratedWidth = 16;

    private static readonly SplitCalibration Calibration = SyntheticCalibration.Of(CalibratedWidth);

    private readonly float[] _hidden = new float[1 << 16];
    private readonly float[] _embeddings = GoldenInputs.Normal(1 << 16);

    [Fact]
    public void Decode_RandomAndMutatedBytes_NeverThrowsAndAllocatesNothingThatGrows()
    {
        const int seed = 20261121;
        var mutator = new FrameMutator(seed, Corpus(), Calibration.ChecksumSeed);
        BuildAllTables();
        var statuses = new int[Enum.GetValues<DecodeStatus>().Length];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < FrameMutator.InputCount; i++)
        {
            statuses[(int)Decode(mutator.Next())]++;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FirstCallsBytesMax);
        Assert.All([DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.BadChecksum, DecodeStatus.NeedMoreData, DecodeStatus.TooLarge],
            status => Assert.True(statuses[(int)status] > FrameMutator.InputCount / 1000, $"{status} seen {statuses[(int)status]} times, seed {seed}"));
    }

    [Fact]
    public void Decode_AnyFlippedBit_IsRefused()
    {
        var corpus = Corpus();
        for (var i = 0; i < FlippedFrameCount; i++)
        {
            var frame = i < corpus.Length ? corpus[i] : Frame(i);
            for (var bit = 0; bit < 8 * frame.Length; bit++)
            {
                frame[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.NotEqual(DecodeStatus.Ok, Decode(frame));
                frame[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.Equal(DecodeStatus.Ok, Decode(frame));
        }
    }

    /// <summary>As a worker does that has the calibration and knows all tokens.</summary>
    private DecodeStatus Decode(ReadOnlySpan<byte> bytes)
    {
        var status = FrameDecoder.TryReadHeader(bytes, out var header);
        var count = status == DecodeStatus.Ok && header.ValueCount <= _hidden.Length ? header.ValueCount : 0;
        return FrameDecoder.Decode(bytes, _hidden.AsSpan(0, count), out _, Calibration, _embeddings.AsSpan(0, count));
    }

    /// <summary>Frames of every kind and version, small so that mutations hit every field.</summary>
    private static byte[][] Corpus() =>
    [
        .. Enumerable.Range(0, 300).Select(Frame),
        new HiddenStateEncoder(CompressionOptions.Default).Encode(GoldenInputs.Normal(4096), 1, 4096).Bytes.ToArray(),  // four lanes
        .. GoldenFrameTests.Frames(version: 1).Where(frame => frame.Length < FrameBytesMax),
    ];

    private static byte[] Frame(int seed) => seed % 3 == 0 ? RateDistortionFrame(seed) : TabqFrame(seed);

    private static byte[] RateDistortionFrame(int seed)
    {
        var random = new Random(seed);
        var transform = (RateDistortionTransform)(seed / 3 % 4);
        var width = transform == RateDistortionTransform.None ? random.Next(1, 33) : CalibratedWidth;
        var sample = new HiddenCase(seed, random.Next(1, 5), width, new TabqOptions());
        var options = new CompressionOptions(FrameCodec.RateDistortion, sample.Options) { RateDistortion = new RateDistortionOptions(0.1f + random.NextSingle(), transform) };
        var embeddings = GoldenInputs.Normal(sample.Rows * width);
        return new HiddenStateEncoder(options, Calibration).Encode(sample.Values(), sample.Rows, width, embeddings).Bytes.ToArray();
    }

    private static byte[] TabqFrame(int seed)
    {
        var random = new Random(seed);
        var bitsMax = random.Next(TabqOptions.BitsLowest, TabqOptions.BitsHighest + 1);
        var sample = new HiddenCase(seed, random.Next(1, 5), random.Next(1, 33), new TabqOptions(Threshold.RelativeToRms(3), 0.2, bitsMax, TabqOptions.BitsLowest));
        var options = seed % 20 == 0 ? CompressionOptions.Lossless : sample.Compression;
        return new HiddenStateEncoder(options).Encode(sample.Values(), sample.Rows, sample.Width).Bytes.ToArray();
    }

    private static void BuildAllTables()
    {
        for (var bits = QuantizationGrid.ConstantBits; bits <= TabqOptions.BitsHighest; bits++)
        {
            _ = TableFamily.For(new QuantizationGrid(bits, 1, 0));
            _ = TableFamily.For(new QuantizationGrid(bits, 1, -1));
        }

        for (var shape = 0; shape < SpreadTables.ShapeCount; shape++)
            _ = SpreadTables.For(shape).Tables;
    }
}
