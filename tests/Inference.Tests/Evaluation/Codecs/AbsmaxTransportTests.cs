using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.Evaluation.Codecs;

public sealed class AbsmaxTransportTests
{
    [Theory]
    [InlineData(8, 32, ScaleType.Float16, 256, 8 * 34)]        // Q80: fp16 and 32 codes
    [InlineData(8, 64, ScaleType.Float16, 256, 4 * 66)]
    [InlineData(8, AbsmaxTransport.WholeToken, ScaleType.Float32, 256, 260)]
    [InlineData(4, 32, ScaleType.Float16, 256, 8 * 18)]
    [InlineData(4, AbsmaxTransport.WholeToken, ScaleType.Float32, 256, 132)]
    [InlineData(8, 32, ScaleType.Float16, 70, 34 + 34 + 8)]    // a shorter last block
    [InlineData(4, 32, ScaleType.Float16, 67, 18 + 18 + 2 + 2)]
    [InlineData(4, 32, ScaleType.Float16, 1, 3)]
    public void Encode_Bytes_AreScalesAndCodes(int bits, int blockSize, ScaleType scaleType, int width, int bytesPerToken)
    {
        var transport = new AbsmaxTransport(bits, blockSize, scaleType);
        Assert.Equal(bytesPerToken, transport.Encode(GoldenInputs.Normal(width), new int[1], width).Length);
        Assert.Equal(3 * bytesPerToken, transport.Encode(GoldenInputs.Normal(3 * width), new int[3], width).Length);
    }

    [Theory]
    [InlineData(8, 32, ScaleType.Float16)]
    [InlineData(8, AbsmaxTransport.WholeToken, ScaleType.Float32)]
    [InlineData(4, 32, ScaleType.Float16)]
    [InlineData(4, AbsmaxTransport.WholeToken, ScaleType.Float32)]
    public void Decode_EveryWidth_IsWithinHalfAStep(int bits, int blockSize, ScaleType scaleType)
    {
        const float ScaleError = 1f / 2048; // of fp16
        var transport = new AbsmaxTransport(bits, blockSize, scaleType);
        foreach (var width in new[] { 1, 3, 31, 64, 100, 255, 256 })
        {
            var sent = GoldenInputs.Normal(2 * width);
            var received = RoundTrip(transport, sent, width);
            for (var row = 0; row < 2; row++)
            {
                for (var first = 0; first < width; first += Math.Min(blockSize, width))
                {
                    var block = sent.AsSpan(row * width, width)[first..];
                    block = block[..Math.Min(blockSize, block.Length)];
                    var max = block.ToArray().Max(MathF.Abs);
                    var errorMax = (max / ((1 << (bits - 1)) - 1) / 2 * 1.0001f) + (max * ScaleError);
                    for (var i = 0; i < block.Length; i++)
                        Assert.InRange(received[(row * width) + first + i] - block[i], -errorMax, errorMax);
                }
            }
        }
    }

    [Fact]
    public void Decode_Zeros_AreZeros() =>
        Assert.All(RoundTrip(new AbsmaxTransport(bits: 4, blockSize: 32, ScaleType.Float16), new float[100], width: 50), value => Assert.Equal(0, value));

    [Fact]
    public void Float16_Values_AreTheNearestHalves()
    {
        var sent = GoldenInputs.Normal(3 * 77);
        var received = RoundTrip(new Float16Transport(), sent, width: 77);
        Assert.Equal(sent.Select(value => (float)(Half)value), received);
        Assert.Equal(2 * sent.Length, new Float16Transport().Encode(sent, new int[3], 77).Length);
    }

    [Fact]
    public void Float16_Bytes_AreLittleEndian()
    {
        float[] values = [1, -2];
        Assert.Equal([0x00, 0x3C, 0x00, 0xC0], new Float16Transport().Encode(values, new int[1], 2).ToArray());
    }

    private static float[] RoundTrip(IHiddenStateTransport transport, float[] sent, int width)
    {
        var tokens = new int[sent.Length / width];
        var received = new float[sent.Length];
        transport.Decode(transport.Encode(sent, tokens, width), tokens, received, width);
        return received;
    }
}
