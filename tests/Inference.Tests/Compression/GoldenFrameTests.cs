using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SplitActors.Inference.Compression;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>
/// Frames of all versions, kept as files: they must decode to the same values forever. Of the values behind version 2, which is still written, the
/// SHA-256 is kept.
/// </summary>
public class GoldenFrameTests
{
    public static TheoryData<string> Version1Names() => new(Names(version: 1));

    public static TheoryData<string> Version2Names() => new(GoldenInputs.Version2.Select(input => input.Name));

    public static IEnumerable<byte[]> Frames(int version) => Names(version).Select(name => Read(version, $"{name}.frame.bin"));

    [Theory]
    [MemberData(nameof(Version1Names))]
    public void Decode_FrameOfVersion1_GivesTheValuesItAlwaysGave(string name) =>
        Assert.Equal(Read(1, $"{name}.float32.bin"), Decode(Read(1, $"{name}.frame.bin")));

    [Theory]
    [MemberData(nameof(Version2Names))]
    public void Decode_FrameOfVersion2_GivesTheValuesItAlwaysGave(string name)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Decode(Read(2, $"{name}.frame.bin"))));
        Assert.Contains($"{hash}  {name}\n", File.ReadAllText(PathOf(2, "values.sha256")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Version2Names))]
    public void Encode_GoldenInput_GivesTheSameBytesOnEveryCpu(string name)
    {
        var input = GoldenInputs.Version2.Single(input => input.Name == name);
        var frame = new HiddenStateEncoder(input.Options).Encode(input.Hidden, input.Rows, input.Width);
        Assert.Equal(Convert.ToHexString(Read(2, $"{name}.frame.bin")), Convert.ToHexString(frame.Bytes.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Decode_WorkedExampleOfTheDocument_GivesItsValues(int version)
    {
        var document = File.ReadAllText(Repository.PathTo("docs", "wire-format.md"));
        var frame = Convert.FromHexString(string.Concat(Words(document, $"version {version} frame")));
        var expected = Words(document, $"version {version} values").Select(float.Parse).ToArray();
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(Decode(frame)).ToArray());
    }

    [Fact]
    public void Encode_WorkedExampleOfTheDocument_GivesItsFrame()
    {
        var document = File.ReadAllText(Repository.PathTo("docs", "wire-format.md"));
        var hidden = Words(document, "example hidden state").Select(float.Parse).ToArray();
        var options = new CompressionOptions(FrameCodec.Tabq, new TabqOptions(Threshold.RelativeToRms(3), 0.12, bitsMax: 5, bitsMin: 4));
        var frame = new HiddenStateEncoder(options).Encode(hidden, 1, hidden.Length);
        Assert.Equal(string.Concat(Words(document, "version 2 frame")), Convert.ToHexString(frame.Bytes.Span));
    }

    private static IEnumerable<string> Names(int version) =>
        Directory.GetFiles(PathOf(version, ""), "*.frame.bin").Select(path => Path.GetFileName(path).Split('.')[0]).Order(StringComparer.Ordinal);

    private static byte[] Read(int version, string file) => File.ReadAllBytes(PathOf(version, file));

    private static string PathOf(int version, string file) =>
        Path.Combine(Repository.PathTo("tests", "Inference.Tests", "Compression", "GoldenFrames"), $"Version{version}", file);

    /// <summary>The words of the code block that follows the comment with this mark.</summary>
    private static string[] Words(string document, string mark) =>
        document.Split($"<!-- {mark} -->")[1].Split("```")[1].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static byte[] Decode(byte[] frame)
    {
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.TryReadHeader(frame, out var header));
        var hidden = new float[header.ValueCount];
        Assert.Equal(DecodeStatus.Ok, FrameDecoder.Decode(frame, hidden, out _));
        return MemoryMarshal.AsBytes(hidden.AsSpan()).ToArray();
    }
}
