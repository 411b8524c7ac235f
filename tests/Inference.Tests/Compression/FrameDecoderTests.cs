using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class FrameDecoderTests
{
    private static readonly float[] Hidden = [1, -2, 3, 0.5f, 0, 100, -1, 2];

    [Fact]
    public void Decode_TruncatedFrameOfVersion1_ReturnsNeedMoreData()
    {
        foreach (var frame in GoldenFrameTests.Frames(version: 1))
        {
            var hidden = Destination(frame);
            for (var length = 0; length < frame.Length; length++)
                Assert.Equal(DecodeStatus.NeedMoreData, FrameDecoder.Decode(frame.AsSpan(0, length), hidden, out _));
        }
    }

    [Theory]
    [InlineData(FrameCodec.None)]
    [InlineData(FrameCodec.Tabq)]
    public void Decode_TruncatedFrame_IsNeverOk(FrameCodec codec)
    {
        var frame = Encode(codec);
        for (var length = 0; length < frame.Length; length++)
        {
            var status = FrameDecoder.Decode(frame.AsSpan(0, length), new float[8], out _);
            Assert.True(status is DecodeStatus.NeedMoreData or DecodeStatus.BadChecksum, $"{status} of {length} bytes");  // it has no length of its own
        }
    }

    [Theory]
    [InlineData(FrameCodec.None)]
    [InlineData(FrameCodec.Tabq)]
    public void Decode_AnyFlippedBit_IsNeverOk(FrameCodec codec)
    {
        var frame = Encode(codec);
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(DecodeStatus.Ok, FrameDecoder.Decode(frame, new float[8], out _));
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(0, (byte)'X', DecodeStatus.BadMagic)]
    [InlineData(0, (byte)0xA3, DecodeStatus.UnsupportedVersion)]
    [InlineData(1, (byte)0xF1, DecodeStatus.UnsupportedContent)]
    [InlineData(1, (byte)0x1F, DecodeStatus.UnsupportedContent)]
    [InlineData(2, (byte)0, DecodeStatus.Malformed)]
    [InlineData(8, (byte)0x55, DecodeStatus.BadChecksum)]
    public void Decode_ChangedByte_NamesWhatIsWrong(int index, byte value, DecodeStatus expected)
    {
        var frame = Encode(FrameCodec.Tabq);
        frame[index] = value;
        Assert.Equal(expected, FrameDecoder.Decode(frame, new float[8], out _));
    }

    [Theory]
    [InlineData("A2 11 818004 02 FF7F000000", DecodeStatus.TooLarge)]         // 65,537 rows
    [InlineData("A2 91 828008 FF7F000000", DecodeStatus.TooLarge)]            // 65,537 columns
    [InlineData("A2 11 808004 8108 0000000000", DecodeStatus.TooLarge)]       // 2^32 values
    [InlineData("A2 11 808004 11 000000000000", DecodeStatus.NeedMoreData)]   // 65,536 rows in two bytes
    [InlineData("A2 11 00 02 0000000000", DecodeStatus.Malformed)]            // no rows
    [InlineData("A2 11 01 02 0000000000", DecodeStatus.Malformed)]            // one row, but counted
    [InlineData("A2 91 00 000000000000", DecodeStatus.Malformed)]          // no columns
    [InlineData("A2 91 8002 000000000000", DecodeStatus.Malformed)]        // 128 columns, but not as a multiple of 128
    [InlineData("A2 91 02 000000000000000000", DecodeStatus.Malformed)]    // five bytes for one value
    [InlineData("A2 90 02 000000000000000000", DecodeStatus.Malformed)]
    [InlineData("A2 90 02 00000000000000", DecodeStatus.NeedMoreData)]
    [InlineData("5346 01 11 818004 01 FF7F", DecodeStatus.TooLarge)]          // version 1: 65,537 rows
    [InlineData("5346 01 11 01 818004 FF7F", DecodeStatus.TooLarge)]          // 65,537 columns
    [InlineData("5346 01 11 808004 808004 FFFFFF7F", DecodeStatus.TooLarge)]  // 2^32 values
    [InlineData("5346 01 10 01 01 8180808001", DecodeStatus.TooLarge)]        // a payload above the limit
    [InlineData("5346 01 11 808004 8008 05", DecodeStatus.Malformed)]         // 65,536 rows in five bytes
    [InlineData("5346 01 10 01 02 07", DecodeStatus.Malformed)]               // two float32 in seven bytes
    public void TryReadHeader_ImpossibleSizes_AreRefusedBeforeAnyAllocation(string hex, DecodeStatus expected) =>
        Assert.Equal(expected, FrameDecoder.TryReadHeader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), out _));

    [Fact]
    public void Decode_DestinationOfAnotherSize_IsRefused() =>
        Assert.Equal(DecodeStatus.WrongDestination, FrameDecoder.Decode(Encode(FrameCodec.Tabq), new float[7], out _));

    [Fact]
    public void Decode_BytesAfterTheFrame_AreRefused()
    {
        Assert.Equal(DecodeStatus.BadChecksum, FrameDecoder.Decode([.. Encode(FrameCodec.Tabq), 0], new float[8], out _));
        foreach (var frame in GoldenFrameTests.Frames(version: 1))
            Assert.Equal(DecodeStatus.Malformed, FrameDecoder.Decode([.. frame, 0], Destination(frame), out _));
    }

    [Theory]
    [InlineData("00 01")]           // bytes for no symbols
    [InlineData("04")]              // one bit, shape 4
    [InlineData("02 0000C0FF 00")]  // a constant NaN
    [InlineData("02 000080BF 00")]  // a constant below 0
    [InlineData("60 00 0000 00")]   // a scale of 0
    [InlineData("60 00 807F 00")]   // an infinite scale
    [InlineData("60 00 80BF 00")]   // a zero point of 0
    [InlineData("60 20 00")]        // a state with a zero byte above
    [InlineData("01 10")]           // an outlier cut short
    [InlineData("60 20 FFFFFFFFFFFFFF")]
    public void Decode_WholeFrameThatNoEncoderWrites_IsMalformed(string payloadHex)
    {
        var payload = Convert.FromHexString(payloadHex.Replace(" ", "", StringComparison.Ordinal));
        var header = new FrameHeader { Content = FrameContent.HiddenState, Codec = FrameCodec.Tabq, Rows = 1, Width = 8 };
        var bytes = new byte[FrameHeader.HeaderBytesMax];
        byte[] frame = [.. bytes[..header.Write(bytes)], .. payload, 0, 0, 0, 0];
        FrameHeader.WriteChecksum(frame);
        Assert.Equal(DecodeStatus.Malformed, FrameDecoder.Decode(frame, new float[8], out _));
    }

    [Theory]
    [InlineData("00 00 40")]            // a coding that is neither packed nor a number of streams
    [InlineData("00 00 06")]            // 2^6 streams
    [InlineData("00 00 00 01")]         // a stream for no symbols
    [InlineData("02 00 00")]            // one bit, shape 2
    [InlineData("01 0000C0FF 00 00")]   // a constant NaN
    [InlineData("60 0000 00 00")]       // a scale of 0
    [InlineData("60 807F 00 00")]       // an infinite scale
    [InlineData("60 80BF 00 00 00")]    // a zero point of 0
    [InlineData("20 803F 00 80 FFFF")]  // packed symbol 3 of 3
    [InlineData("00 00 80 00")]         // packed bytes for no symbols
    public void Decode_WholeFrameThatNoEncoderOfVersion1Wrote_IsMalformed(string payloadHex)
    {
        var payload = Convert.FromHexString(payloadHex.Replace(" ", "", StringComparison.Ordinal));
        byte[] frame = [(byte)'S', (byte)'F', 1, 0x11, 1, 8, (byte)payload.Length, .. payload, 0, 0, 0, 0];
        FrameHeader.WriteChecksum(frame);
        Assert.Equal(DecodeStatus.Malformed, FrameDecoder.Decode(frame, new float[8], out _));
    }

    private static float[] Destination(byte[] frame)
    {
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame, out var header));
        return new float[header.ValueCount];
    }

    private static byte[] Encode(FrameCodec codec) =>
        new HiddenStateEncoder(new CompressionOptions(codec, new TabqOptions(Threshold.RelativeToRms(2)))).Encode(Hidden, 1, 8).Bytes.ToArray();
}
