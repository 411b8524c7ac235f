using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class CheckpointSummaryTests
{
    /// <summary>Grouped-query attention, untied head, and widths that are no multiple of 32.</summary>
    private static readonly ModelConfig Untied = new()
    {
        VocabularySize = 100,
        HiddenSize = 48,
        IntermediateSize = 96,
        LayerCount = 3,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 16,
        ContextLength = 64,
    };

    [Fact]
    public void Of_Quill_EqualsHandCount()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var summary = CheckpointSummary.Of(checkpoint);

        // Layer: q, o 256·256; k, v 128·256; gate, up, down 704·256; two norms of 256.
        Assert.Equal(new ParameterCounts(1_048_576, 737_792, 5_902_336, 256, 0), summary.Parameters);
        Assert.Equal(6_951_168, summary.Parameters.Total);
        Assert.Equal([new TypeShare("BF16", 74, 6_951_168, 13_902_336)], summary.Types.ToArray());
        Assert.Equal(13_910_360, summary.FileBytes);
        Assert.Equal(Enumerable.Range(0, 9), summary.Splits.Select(split => split.SplitLayer));
    }

    [Fact]
    public void Splits_Quill_EqualHandCount()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var splits = CheckpointSummary.Of(checkpoint).Splits;

        // 16 bits: embedding 2 097 152, layer 1 475 584, norm 512.
        // 8 bits: embedding 4096·8·34 = 1 114 112; layer 737 280/32·34 = 783 360 and 2 norms of 1 024; 4 bits: 18 instead of 34.
        var whole = new WeightBytes(13_902_336, 1_114_112 + (8 * 785_408) + 1_024, 589_824 + (8 * 416_768) + 1_024);
        Assert.Equal(new SplitFootprint(0, default, whole, 0, 8 * 512), splits[0]);
        Assert.Equal(new SplitFootprint(8, whole, default, 8 * 512, 0), splits[8]);

        var front = new WeightBytes(2_097_152 + (3 * 1_475_584), 1_114_112 + (3 * 785_408), 589_824 + (3 * 416_768));
        var back = new WeightBytes((5 * 1_475_584) + 512 + 2_097_152, (5 * 785_408) + 1_024 + 1_114_112, (5 * 416_768) + 1_024 + 589_824);
        Assert.Equal(new SplitFootprint(3, front, back, 3 * 512, 5 * 512), splits[3]);
    }

    [Fact]
    public void Splits_UntiedGroupedQuery_EqualHandCount()
    {
        // Layer: q 64·48, k and v 32·48, o 48·64, gate and up 96·48, down 48·96, norms 2·48 = 23 136.
        Assert.Equal(new ParameterCounts(4_800, 23_136, 69_408, 48, 4_800), ParameterCounts.Of(Untied));

        // Tiles of 16 rows: 64 B of scales for 1 or 2 groups, 128 B for 3; 512 B of codes per block of 32 columns at 8 bits, 256 B at 4.
        // Columns 48 and 64 are 2 blocks: 1088 or 576 B a tile; 96 are 3: 1664 or 896 B.
        // Tiles of a layer: q 4, k and v 2 each, o 3 of 64 columns, gate and up 6 each: 23; down 3 of 96 columns. Embedding: 7.
        var embedding = new WeightBytes(9_600, 7 * 1_088, 7 * 576);
        var layer = new WeightBytes(46_272, (23 * 1_088) + (3 * 1_664) + 384, (23 * 576) + (3 * 896) + 384);
        var norm = new WeightBytes(96, 192, 192);
        Assert.Equal(
            new SplitFootprint(1, embedding + layer, (2 * layer) + norm + embedding, 128, 256), SplitFootprint.Of(Untied, StoredSizes.At(Untied), 1));

        var whole = embedding + (3 * layer) + norm + embedding;
        Assert.Equal(new SplitFootprint(0, default, whole, 0, 384), SplitFootprint.Of(Untied, StoredSizes.At(Untied), 0));
        Assert.Equal(new SplitFootprint(3, whole, default, 384, 0), SplitFootprint.Of(Untied, StoredSizes.At(Untied), 3));
    }

    [Fact]
    public void Of_SplitOutsideOfTheModel_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SplitFootprint.Of(Untied, StoredSizes.At(Untied), -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SplitFootprint.Of(Untied, StoredSizes.At(Untied), 4));
    }

    /// <summary>As the files have it, whatever torch_dtype says.</summary>
    [Theory]
    [InlineData("bfloat16")]
    [InlineData("float32")]
    [InlineData(null)]
    public void Of_Float32_CountsFourBytesForEachWeight(string? label)
    {
        using var builder = new CheckpointBuilder().AddModelTensors();
        builder.Config["torch_dtype"] = label;
        builder.Replace(_ => true, SyntheticModel.AsFloat32OfFloat16);
        using var checkpoint = Checkpoint.Open(builder.WriteSingleFile().Folder);
        var summary = CheckpointSummary.Of(checkpoint);

        Assert.Equal("F32", summary.Weights);
        Assert.Equal(4 * summary.Parameters.Total, summary.Splits[0].Back.At16Bits);
        Assert.Equal(4 * (summary.Parameters.Embedding + summary.Parameters.PerLayer), summary.Splits[1].Front.At16Bits);
        Assert.Equal(SplitFootprint.Of(checkpoint.Config, StoredSizes.At(checkpoint.Config), 1).Front.At8Bits, summary.Splits[1].Front.At8Bits);
    }

    [Fact]
    public void Of_PackageOfFloat32_SaysSo()
    {
        using var builder = new CheckpointBuilder().AddModelTensors();
        builder.Replace(_ => true, SyntheticModel.AsFloat32OfFloat16);
        using var source = Checkpoint.Open(builder.WriteSingleFile().Folder);
        var folder = builder.PathTo("package");
        OpscPackage.Write(source, new OpscQuantization(1, new WeightFormat(4), WeightFormat.Unquantized), folder);
        using var package = Checkpoint.Open(folder);
        package.RequireTensors();
        Assert.Equal(["int4 in groups of 32", "F32"], CheckpointSummary.Of(package).Parts.Select(part => part.Weights), StringComparer.Ordinal);
    }

    [Fact]
    public void Of_MixedTypes_CountsEach()
    {
        using var builder = new CheckpointBuilder().AddModelTensors().Add("extra", "F32", [2, 3], new byte[24]);
        using var checkpoint = Checkpoint.Open(builder.WriteShards(2).Folder);
        var summary = CheckpointSummary.Of(checkpoint);
        Assert.Equal(["BF16", "F32"], summary.Types.Select(share => share.Type), StringComparer.Ordinal);
        Assert.Equal(summary.Parameters.Total, summary.Types[0].ElementCount);
        Assert.Equal(new TypeShare("F32", 1, 6, 24), summary.Types[1]);
    }
}
