using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class VarIntTests
{
    [Theory]
    [InlineData(0u, "00")]
    [InlineData(127u, "7F")]
    [InlineData(128u, "8001")]
    [InlineData(300u, "AC02")]
    [InlineData(uint.MaxValue, "FFFFFFFF0F")]
    public void TryRead_WrittenValue_RestoresIt(uint value, string hex)
    {
        var bytes = new byte[VarInt.BytesMax];
        var written = VarInt.Write(bytes, value);
        Assert.Equal(hex, Convert.ToHexString(bytes, 0, written));
        Assert.Equal(DecodeStatus.Ok, VarInt.TryRead(bytes, out var read, out var count));
        Assert.Equal((value, written), (read, count));
        Assert.Equal(DecodeStatus.NeedMoreData, VarInt.TryRead(bytes.AsSpan(0, written - 1), out _, out _));
    }

    [Theory]
    [InlineData("8000")]          // longer than needed
    [InlineData("FFFFFFFF1F")]    // 33 bits
    [InlineData("FFFFFFFFFF01")]  // six bytes
    public void TryRead_NotTheOneEncoding_IsMalformed(string hex) =>
        Assert.Equal(DecodeStatus.Malformed, VarInt.TryRead(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void Crc32C_CheckString_GivesThePublishedValue() =>
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    public void Crc32C_InTwoParts_IsThatOfTheWhole(int firstBytes) =>
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8[firstBytes..], Crc32C.Compute("123456789"u8[..firstBytes])));
}
