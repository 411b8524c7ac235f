using System.Runtime.InteropServices;
using SplitActors.Inference.Compression;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Frames of version 1, kept as files: they must decode to the same values forever.</summary>
public class GoldenFrameTests
{
    public static TheoryData<string> Names() => new(Directory.GetFiles(Folder, "*.frame.bin").Select(path => Path.GetFileName(path).Split('.')[0]).Order(StringComparer.Ordinal));

    public static TheoryData<string> TabqNames() => new(GoldenInputs.Tabq.Select(input => input.Name));

    private static string Folder => Repository.PathTo("tests", "Inference.Tests", "Compression", "GoldenFrames");

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_GoldenFrame_GivesTheValuesItAlwaysGave(string name)
    {
        var frame = File.ReadAllBytes(Path.Combine(Folder, $"{name}.frame.bin"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(Folder, $"{name}.float32.bin")), Decode(frame));
    }

    [Theory]
    [MemberData(nameof(TabqNames))]
    public void Encode_GoldenInput_GivesTheSameBytesOnEveryCpu(string name)
    {
        var (_, hidden, rows, width) = GoldenInputs.Tabq.Single(input => input.Name == name);
        var frame = new HiddenStateEncoder(GoldenInputs.Options).Encode(hidden, rows, width);
        Assert.Equal(Convert.ToHexString(File.ReadAllBytes(Path.Combine(Folder, $"{name}.frame.bin"))), Convert.ToHexString(frame.Bytes.Span));
    }

    [Fact]
    public void Decode_WorkedExampleOfTheDocument_GivesItsValues()
    {
        var document = File.ReadAllText(Repository.PathTo("docs", "wire-format.md"));
        var frame = Convert.FromHexString(string.Concat(Words(document, "example frame")));
        var expected = Words(document, "example values").Select(float.Parse).ToArray();
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(Decode(frame)).ToArray());
    }

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
