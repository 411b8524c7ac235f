using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>Frames of hidden states of every kind, each made from its number, small so that changes hit every field.</summary>
/// <param name="calibration">For the rate–distortion frames that need one.</param>
internal sealed class FrameCorpus(SplitCalibration calibration)
{
    private const int KindCount = 8;
    private const int RowsMax = 4;
    private const int WidthMax = 32;
    private const int ShapeCount = 8;

    /// <summary>Every transform that there is, at a split of the embedded model.</summary>
    public static SplitCalibration OpenCalibration()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        return ModelCalibration.TryOpen(checkpoint, splitLayer: 4)!.For(4)!;
    }

    /// <summary>All codecs, without and with each transform, in turn.</summary>
    public byte[] HiddenStates(int number)
    {
        var random = new Random(number);
        var transform = (number % KindCount) switch
        {
            5 => RateDistortionTransform.Columns,
            6 => RateDistortionTransform.KarhunenLoeve,
            7 => RateDistortionTransform.Prediction,
            _ => RateDistortionTransform.None,
        };
        var rateDistortion = new RateDistortionOptions(0.1f + random.NextSingle(), transform);
        var codec = (number % KindCount) switch { 0 => FrameCodec.None, < 4 => FrameCodec.Tabq, _ => FrameCodec.RateDistortion };
        var options = new CompressionOptions(codec, Tabq(random)) { RateDistortion = rateDistortion };
        var isCalibrated = transform != RateDistortionTransform.None;
        return Encode(options, isCalibrated ? 1 : random.Next(1, RowsMax + 1), isCalibrated ? calibration.Width : random.Next(1, WidthMax + 1), random);
    }

    /// <summary>With four and 32 lanes of entropy coding, by both codecs.</summary>
    public IEnumerable<byte[]> ManyLanes()
    {
        foreach (var codec in new[] { FrameCodec.Tabq, FrameCodec.RateDistortion })
        {
            var options = new CompressionOptions(codec, new TabqOptions(Threshold.Quantile(0.999f), 0, bitsMax: 2, bitsMin: 2)) { RateDistortion = new RateDistortionOptions(4) };
            yield return Encode(options, 1, 4096, new Random(1));
            yield return Encode(options, 9, 4096, new Random(1));
        }
    }

    /// <summary>The stored ones.</summary>
    public static IEnumerable<byte[]> Version1() =>
        Directory.GetFiles(Repository.PathTo("tests", "Inference.Tests", "Compression", "GoldenFrames", "Version1"), "*.frame.bin").Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    /// <summary>Frames of one value that name every frequency table: a process that has tried to decode them has built all that it will ever build.</summary>
    public IEnumerable<byte[]> EveryTable()
    {
        for (var bits = 1; bits <= 8; bits++)
        {
            yield return Seal(FrameCodec.Tabq, bits == 1 ? [2, 0, 0, 0x80, 0x3F, 0] : [(byte)((bits - 1) << 5), 49, 0]);
            yield return Seal(FrameCodec.Tabq, [(byte)((bits - 1) << 5), 0, 0x80, 0xBF, 1]);
        }

        for (var shape = 0; shape < ShapeCount; shape++)
            yield return Seal(FrameCodec.RateDistortion, [(byte)(shape << 2), 20, 81]);
    }

    /// <summary>What the receiver of any of these frames knows of its tokens.</summary>
    /// <param name="count">Values.</param>
    public static float[] Embeddings(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => HiddenValues.Normal(random))];
    }

    private byte[] Encode(CompressionOptions options, int rows, int width, Random random)
    {
        var hidden = new float[rows * width];
        for (var row = 0; row < rows; row++)
            HiddenValues.Fill(random, hidden.AsSpan(row * width, width));
        return new HiddenStateEncoder(options, calibration).Encode(hidden, rows, width, Embeddings(hidden.Length)).Bytes.ToArray();
    }

    private static TabqOptions Tabq(Random random)
    {
        var bitsMax = random.Next(TabqOptions.BitsLowest, TabqOptions.BitsHighest + 1);
        return new TabqOptions(Threshold.RelativeToRms(3), random.NextDouble(), bitsMax, random.Next(TabqOptions.BitsLowest, bitsMax + 1));
    }

    /// <summary>One token of one value.</summary>
    private byte[] Seal(FrameCodec codec, byte[] payload)
    {
        byte[] frame = [0xA2, (byte)(0x90 | (int)codec), 2, .. payload, .. new byte[FrameChecksum.ByteCount]];
        new FrameChecksum(calibration).Repair(frame);
        return frame;
    }
}
