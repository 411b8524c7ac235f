using System.Runtime.InteropServices;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Compression.KeyValues;

/// <summary>Frames of keys and values, kept as files: they must decode to the same values forever.</summary>
public sealed class KvGoldenFrameTests
{
    private static readonly KvCase Source = new(Seed: 5, LayerCount: 2, KvHeadCount: 2, HeadDim: 6, KvFormat.Float32, TokenCount: 9, KvGrouping.Head);

    private static readonly KvRange Range = new(new LayerRange(KvCase.FirstLayer, KvCase.FirstLayer + 2), 0, 9);

    public static TheoryData<string, KvFormat, KvGrouping?> Frames() => new()
    {
        { "float16", KvFormat.Float16, null },
        { "int4", KvFormat.Int4, null },
        { "tabq-head", KvFormat.Float32, KvGrouping.Head },
        { "tabq-layer", KvFormat.Float32, KvGrouping.Layer },
        { "tabq-channel", KvFormat.Float32, KvGrouping.Channel },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void EncodeAndDecode_GoldenCache_GivesTheBytesAndValuesItAlwaysGave(string name, KvFormat format, KvGrouping? grouping)
    {
        var sample = Source with { Format = format };
        using var cache = sample.Filled();
        var golden = File.ReadAllBytes(PathTo($"{name}.frame.bin"));
        var options = grouping is null ? KvFrameOptions.Lossless : new KvFrameOptions { Grouping = grouping };
        Assert.Equal(Convert.ToHexString(golden), Convert.ToHexString(new KvFrameEncoder(options).Encode(cache, Range, KvCase.FirstLayer).Bytes.Span));

        using var decoded = sample.Empty();
        Assert.Equal(DecodeStatus.Ok, KvFrameDecoder.Decode(golden, decoded, KvCase.FirstLayer));
        Assert.Equal(File.ReadAllBytes(PathTo($"{name}.float32.bin")), MemoryMarshal.AsBytes(sample.Matrix(decoded, Range).AsSpan()).ToArray());
    }

    private static string PathTo(string file) => Repository.PathTo("tests", "Inference.Tests", "Compression", "GoldenFrames", "KeyValues", file);
}
