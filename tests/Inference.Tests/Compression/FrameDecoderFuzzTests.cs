using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>A million inputs, most of them mutated frames and half of those with a repaired checksum, so that the inner parsers see them.</summary>
public class FrameDecoderFuzzTests
{
    private const int InputCount = 1_000_000;
    private const int InputBytesMax = 16384;

    /// <summary>What the runtime itself may allocate when code runs for the first time: far less than a byte per input.</summary>
    private const int FirstCallBytesMax = 1024;

    private readonly float[] _hidden = new float[1 << 16];

    [Fact]
    public void Decode_RandomAndMutatedBytes_NeverThrowsAndAllocatesNothing()
    {
        const int seed = 20261121;
        var random = new Random(seed);
        var corpus = Corpus();
        BuildAllTables();
        var input = new byte[InputBytesMax];
        var statuses = new int[Enum.GetValues<DecodeStatus>().Length];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < InputCount; i++)
        {
            var bytes = Next(random, corpus, input);
            var status = FrameDecoder.TryReadHeader(bytes, out var header);
            var destination = status == DecodeStatus.Ok && header.ValueCount <= _hidden.Length ? _hidden.AsSpan(0, header.ValueCount) : [];
            statuses[(int)FrameDecoder.Decode(bytes, destination, out _)]++;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FirstCallBytesMax);
        Assert.All([DecodeStatus.Ok, DecodeStatus.Malformed, DecodeStatus.BadChecksum, DecodeStatus.NeedMoreData, DecodeStatus.TooLarge],
            status => Assert.True(statuses[(int)status] > 1000, $"{status} seen {statuses[(int)status]} times, seed {seed}"));
    }

    private static Span<byte> Next(Random random, byte[][] corpus, byte[] input)
    {
        if (random.Next(10) == 0)
        {
            var noise = input.AsSpan(0, random.Next(64));
            random.NextBytes(noise);
            return noise;
        }

        var frame = corpus[random.Next(corpus.Length)];
        frame.CopyTo(input, 0);
        var bytes = input.AsSpan(0, frame.Length);
        for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
            bytes = Mutate(random, corpus, bytes, input);
        if (random.Next(2) == 0 && bytes.Length > FrameHeader.ChecksumBytes)
            Repair(bytes);
        return bytes;
    }

    private static Span<byte> Mutate(Random random, byte[][] corpus, Span<byte> bytes, byte[] input)
    {
        if (bytes.IsEmpty)
            return bytes;
        var index = random.Next(bytes.Length);
        switch (random.Next(8))
        {
            case 0:
                return bytes[..index];
            case 1:
                var donor = corpus[random.Next(corpus.Length)];
                var from = random.Next(donor.Length);
                donor.AsSpan(from).CopyTo(input.AsSpan(index));
                return input.AsSpan(0, index + donor.Length - from);
            case 2:
                bytes[index] = (byte)random.Next(256);
                return bytes;
            default:
                bytes[index] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }

    /// <summary>Makes the checksum, and in version 1 a payload length of one byte, fit what is there.</summary>
    private static void Repair(Span<byte> bytes)
    {
        if (FrameHeader.TryRead(bytes, out var header) == DecodeStatus.Ok && header is { Version: 1, PayloadBytes: < 0x80 })
        {
            var payloadBytes = bytes.Length - header.HeaderBytes - FrameHeader.ChecksumBytes;
            if (payloadBytes is > 0 and < 0x80)
                bytes[header.HeaderBytes - 1] = (byte)payloadBytes;
        }

        FrameHeader.WriteChecksum(bytes);
    }

    /// <summary>Frames of every kind and version, small so that mutations hit every field; splices of four of them stay below <see cref="InputBytesMax"/>.</summary>
    private static byte[][] Corpus()
    {
        var frames = new List<byte[]>();
        for (var seed = 0; frames.Count < 200; seed++)
        {
            var random = new Random(seed);
            var bitsMax = random.Next(TabqOptions.BitsLowest, TabqOptions.BitsHighest + 1);
            var sample = new HiddenCase(seed, random.Next(1, 5), random.Next(1, 33), new TabqOptions(Threshold.RelativeToRms(3), 0.2, bitsMax, TabqOptions.BitsLowest));
            var options = seed % 20 == 0 ? CompressionOptions.Lossless : sample.Compression;
            frames.Add(new HiddenStateEncoder(options).Encode(sample.Values(), sample.Rows, sample.Width).Bytes.ToArray());
        }

        frames.Add(new HiddenStateEncoder(CompressionOptions.Default).Encode(GoldenInputs.Normal(4096), 1, 4096).Bytes.ToArray());  // four lanes
        frames.AddRange(GoldenFrameTests.Frames(version: 1).Where(frame => frame.Length < InputBytesMax / 4));
        return [.. frames];
    }

    private static void BuildAllTables()
    {
        for (var bits = QuantizationGrid.ConstantBits; bits <= TabqOptions.BitsHighest; bits++)
        {
            _ = TableFamily.For(new QuantizationGrid(bits, 1, 0));
            _ = TableFamily.For(new QuantizationGrid(bits, 1, -1));
        }
    }
}
