using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class ModelDigestTests : IDisposable
{
    /// <summary>Computed from the documented lines by another program.</summary>
    private const string QuillDigest = "3ffe708bff1fd24bc90144385ffb9f2ebfd0b11c0647aff8aae7c846ca5dea3a";

    private static readonly CheckpointOpenOptions Segment = new() { RequireAllShards = false };

    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Of_Quill_IsStable()
    {
        // Changes only if what the digest covers changes; devices and workers of different versions then refuse each other.
        var digest = DigestOf(Repository.Quill);
        Assert.Equal(QuillDigest, digest.Hex);
        Assert.Equal(QuillDigest[..12], digest.Short);
    }

    [Fact]
    public void Of_DifferentShardsOfOneCheckpoint_Agree()
    {
        _builder.WriteShards(3).WriteChecksums();
        var whole = DigestOf(_builder.Folder);
        var last = File.ReadAllBytes(_builder.PathTo("model-00003-of-00003.safetensors"));
        _builder.Delete("model-00003-of-00003.safetensors");
        var front = DigestOf(_builder.Folder);
        _builder.Write("model-00003-of-00003.safetensors", last).Delete("model-00001-of-00003.safetensors");
        var back = DigestOf(_builder.Folder);

        Assert.Equal(whole, front);
        Assert.Equal(whole, back);
    }

    [Fact]
    public void Of_SegmentWithoutChecksums_IsRefused()
    {
        _builder.WriteShards(2).Delete("model-00002-of-00002.safetensors");
        CheckpointAssert.Refuses(() => DigestOf(_builder.Folder), "model-00002-of-00002.safetensors");
    }

    [Fact]
    public void Of_NoChecksums_DoesNotDependOnSharding()
    {
        var sharded = DigestOf(_builder.WriteShards(2).Folder);
        Assert.Equal(sharded, DigestOf(_builder.WriteSingleFile().Folder));
    }

    [Fact]
    public void Of_OtherConfigShapeTypeOrWeights_Differs()
    {
        var digests = new List<ModelDigest> { DigestOf(_builder.WriteSingleFile().Folder), DigestOf(_builder.WriteChecksums().Folder) };
        _builder.FlipBit("model.safetensors", -1, 0).WriteChecksums();
        digests.Add(DigestOf(_builder.Folder));
        _builder.Delete("SHA256SUMS");

        _builder.Config["rope_theta"] = 20000.0;
        digests.Add(DigestOf(_builder.WriteSingleFile().Folder));
        _builder.Tensors[0] = _builder.Tensors[0] with { Type = "F16" };
        digests.Add(DigestOf(_builder.WriteSingleFile().Folder));
        _builder.Tensors[0] = _builder.Tensors[0] with { Shape = [24, 64] };
        digests.Add(DigestOf(_builder.WriteSingleFile().Folder));
        _builder.Tensors[0] = _builder.Tensors[0] with { Name = "other" };
        digests.Add(DigestOf(_builder.WriteSingleFile().Folder));

        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    private static ModelDigest DigestOf(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder, Segment);
        return ModelDigest.Of(checkpoint);
    }
}
