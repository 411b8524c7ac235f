using SplitActors.Inference.Compression;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression;

public class HiddenStateCodecTests
{
    [Fact]
    public void Decode_TabqFrame_KeepsOutliersExactlyAndTheRestWithinTheBound() =>
        Property.Holds(400, HiddenCase.Gen, sample =>
        {
            var hidden = sample.Values();
            var frame = new HiddenStateEncoder(sample.Compression).Encode(hidden, sample.Rows, sample.Width);
            var decoded = Decode(frame, sample.Rows, sample.Width);
            if (Header(frame).Codec == FrameCodec.None)
            {
                AssertSameBits(hidden, decoded);
                return;
            }

            var scales = Scales(frame, sample);
            for (var i = 0; i < hidden.Length; i++)
            {
                var row = i / sample.Width;
                var threshold = ThresholdSplitter.MagnitudeFor(sample.Options.Threshold, hidden.AsSpan(row * sample.Width, sample.Width));
                if (hidden[i] == 0)
                    Assert.Equal(0, decoded[i]);
                else if (Math.Abs(hidden[i]) < threshold && Math.Abs(hidden[i]) < ThresholdSplitter.DenseMagnitudeMax)
                    Assert.InRange((double)decoded[i], ErrorBound.Low(hidden[i], scales[row]), ErrorBound.High(hidden[i], scales[row]));
                else
                    Assert.Equal(BitConverter.SingleToUInt32Bits(hidden[i]), BitConverter.SingleToUInt32Bits(decoded[i]));
            }
        });

    [Fact]
    public void Decode_RawFrame_KeepsEveryBit() =>
        Property.Holds(100, HiddenCase.Gen, sample =>
        {
            var hidden = sample.Values();
            hidden[0] = BitConverter.UInt32BitsToSingle(0xFFA0_1234);  // a signalling NaN with a payload
            var frame = new HiddenStateEncoder(CompressionOptions.Lossless).Encode(hidden, sample.Rows, sample.Width);
            AssertSameBits(hidden, Decode(frame, sample.Rows, sample.Width));
        });

    [Fact]
    public void Encode_UsedEncoder_GivesTheBytesOfAFreshOne()
    {
        var used = new HiddenStateEncoder(CompressionOptions.Default);
        Property.Holds(100, HiddenCase.Gen, sample =>
        {
            var hidden = sample.Values();
            var fresh = new HiddenStateEncoder(CompressionOptions.Default).Encode(hidden, sample.Rows, sample.Width);
            Assert.Equal(fresh.Bytes.ToArray(), used.Encode(hidden, sample.Rows, sample.Width).Bytes.ToArray());
        });
    }

    [Theory]
    [InlineData(2)]    // one lane
    [InlineData(17)]   // four
    [InlineData(257)]  // 32
    public void Decode_PrefillFrame_GivesTheValuesOfTokenByTokenFrames(int rows)
    {
        var hidden = GoldenInputs.Normal(rows * 256);
        var encoder = new HiddenStateEncoder(CompressionOptions.Default);
        var tokenByToken = hidden.Chunk(256).SelectMany(token => Decode(encoder.Encode(token, 1, 256), 1, 256));
        Assert.Equal(tokenByToken, Decode(encoder.Encode(hidden, rows, 256), rows, 256));
    }

    [Fact]
    public void Encode_AnyRows_ReportsWhatItDid() =>
        Property.Holds(100, HiddenCase.Gen, sample =>
        {
            var frame = new HiddenStateEncoder(sample.Compression).Encode(sample.Values(), sample.Rows, sample.Width);
            var statistics = frame.Statistics;
            Assert.Equal(frame.Bytes.Length, statistics.FrameBytes);
            Assert.Equal(Header(frame).FrameBytes, statistics.FrameBytes);
            Assert.Equal(Header(frame).PayloadBytes, statistics.PayloadBytes);
            Assert.Equal(2L * sample.Rows * sample.Width, statistics.Float16Bytes);
            var tokens = Enumerable.Range(0, TabqOptions.BitsHighest + 1).Sum(statistics.TokensByBits.Count);
            Assert.Equal(Header(frame).Codec == FrameCodec.Tabq ? sample.Rows : 0, tokens);
            Assert.InRange(frame.Bytes.Length, 1, FrameHeader.HeaderBytesMax + (4 * sample.Rows * sample.Width) + FrameHeader.ChecksumBytes);
        });

    [Fact]
    public void Encode_SingleTokenOfNormalValues_CostsAtMost15BytesBeyondEntropy()
    {
        var sample = new HiddenCase(1, 1, 256, new TabqOptions());
        var random = new Random(1);
        var hidden = Enumerable.Range(0, 256).Select(_ => (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)).ToArray();
        var frame = new HiddenStateEncoder(sample.Compression).Encode(hidden, 1, 256);
        var decoded = Decode(frame, 1, 256);
        var entropyBits = decoded.GroupBy(value => value).Sum(group => -group.Count() * Math.Log2(group.Count() / 256.0));
        Assert.InRange(frame.Bytes.Length - (entropyBits / 8), 0, 15);
    }

    [Fact]
    public void Encode_WrongShape_Throws()
    {
        var encoder = new HiddenStateEncoder(CompressionOptions.Default);
        Assert.Throws<ArgumentException>(() => encoder.Encode(new float[5], 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode([], 0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode([], 1, FrameLimits.WidthMax + 1));
    }

    [Theory]
    [InlineData(1, 256)]
    [InlineData(64, 256)]
    public void EncodeAndDecode_WarmBuffers_AllocateTheFrameOnly(int rows, int width)
    {
        var encoder = new HiddenStateEncoder(CompressionOptions.Default);
        var hidden = new float[rows * width];
        var random = new Random(2);
        foreach (ref var value in hidden.AsSpan())
            value = random.NextSingle() - random.NextSingle();
        var decoded = new float[hidden.Length];
        var frame = encoder.Encode(hidden, rows, width);
        _ = FrameDecoder.Decode(frame.Bytes.Span, decoded, out _);

        Assert.InRange(Allocations.LeastBytes(() => frame = encoder.Encode(hidden, rows, width)), frame.Bytes.Length, frame.Bytes.Length + 32);
        var status = DecodeStatus.Malformed;
        Assert.Equal(0, Allocations.LeastBytes(() => status = FrameDecoder.Decode(frame.Bytes.Span, decoded, out _)));
        Assert.Equal(DecodeStatus.Ok, status);
    }

    private static FrameHeader Header(EncodedFrame frame)
    {
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame.Bytes.Span, out var header));
        return header;
    }

    private static float[] Decode(EncodedFrame frame, int rows, int width)
    {
        var decoded = new float[rows * width];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame.Bytes.Span, decoded, out var header));
        Assert.Equal((FrameContent.HiddenState, rows, width), (header.Content, header.Rows, header.Width));
        return decoded;
    }

    /// <summary>[rows] The transmitted scales; 0 for tokens of one magnitude, which arrive exactly.</summary>
    private static float[] Scales(EncodedFrame frame, HiddenCase sample)
    {
        var reader = new ByteReader(frame.Bytes.Span[Header(frame).HeaderBytes..]);
        var scales = new float[sample.Rows];
        foreach (ref var scale in scales.AsSpan())
        {
            Assert.True(RowRecord.TryRead(ref reader, out var record) && (!record.HasOutliers || OutlierCoder.TrySkip(ref reader, sample.Width, out _)));
            scale = record.Grid.Bits == QuantizationGrid.ConstantBits ? 0 : record.Grid.Scale;
        }

        return scales;
    }

    private static void AssertSameBits(float[] expected, float[] actual) =>
        Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), actual.Select(BitConverter.SingleToUInt32Bits));
}
