using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

public sealed class SegmentLoadTests
{
    [Fact]
    public void Load_BackTensorsMissing_FrontLoadsAndBackIsRefused() =>
        AssertOnlyFrontLoads(builder => builder.Tensors.RemoveAll(tensor => BelongsToBack(tensor.Name)), "no tensor of this name");

    [Fact]
    public void Load_BackTensorsNaN_FrontLoadsAndBackIsRefused() =>
        AssertOnlyFrontLoads(builder => builder.Replace(BelongsToBack, SyntheticModel.AsNaN), "NaN");

    [Fact]
    public void Load_FrontTensorsMissing_BackLoadsAndFrontIsRefused() =>
        AssertOnlyBackLoads(builder => builder.Tensors.RemoveAll(tensor => !BelongsToBack(tensor.Name)), "no tensor of this name");

    [Fact]
    public void Load_FrontTensorsNaN_BackLoadsAndFrontIsRefused() =>
        AssertOnlyBackLoads(builder => builder.Replace(name => !BelongsToBack(name), SyntheticModel.AsNaN), "NaN");

    [Fact]
    public void Load_OnlyTheShardOfTheBack_BackLoads()
    {
        using var files = new CheckpointBuilder().AddModelTensors();
        SyntheticTensor[] backFirst = [.. files.Tensors.OrderByDescending(tensor => BelongsToBack(tensor.Name))];
        Assert.Equal((backFirst.Length + 1) / 2, backFirst.Count(tensor => BelongsToBack(tensor.Name))); // two shards part where the model does
        files.Tensors.Clear();
        files.Tensors.AddRange(backFirst);
        files.WriteShards(2).Delete("model-00002-of-00002.safetensors");

        using var checkpoint = Checkpoint.Open(files.Folder, new CheckpointOpenOptions { RequireAllShards = false });
        Assert.True(Segment.Load(checkpoint, LayerRange.Back(1, 2)).HasHead);
        Assert.Throws<UserErrorException>(() => Segment.Load(checkpoint, LayerRange.Front(1)));
    }

    [Fact]
    public void Load_UntiedHead_IsNotTheEmbedding()
    {
        using var untied = SyntheticModel.Build();
        using var tied = SyntheticModel.Build(builder =>
        {
            builder.Config["tie_word_embeddings"] = true;
            builder.Tensors.RemoveAll(tensor => tensor.Name == "lm_head.weight");
        });
        using var sameHead = SyntheticModel.Build(builder =>
        {
            var embedding = builder.Tensors.Single(tensor => tensor.Name == "model.embed_tokens.weight");
            builder.Replace(name => name == "lm_head.weight", head => head with { Data = embedding.Data });
        });
        Assert.NotEqual(SyntheticModel.Run(untied), SyntheticModel.Run(tied));
        Assert.Equal(SyntheticModel.Run(sameHead), SyntheticModel.Run(tied));
    }

    [Fact]
    public void Load_Float16_ComputesTheBitsOfTheSameWeightsInFloat32()
    {
        using var half = SyntheticModel.Build(builder => builder.Replace(_ => true, SyntheticModel.AsFloat16));
        using var single = SyntheticModel.Build(builder => builder.Replace(_ => true, SyntheticModel.AsFloat32OfFloat16));
        Assert.Equal(SyntheticModel.Run(single), SyntheticModel.Run(half));
    }

    [Fact]
    public void Load_BFloat16_ComputesTheBitsOfTheSameWeightsInFloat32()
    {
        using var brain = SyntheticModel.Build();
        using var single = SyntheticModel.Build(builder => builder.Replace(_ => true, SyntheticModel.AsFloat32));
        Assert.Equal(SyntheticModel.Run(single), SyntheticModel.Run(brain));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Load_Shards_ComputeTheBitsOfTheSingleFile(int shardCount)
    {
        using var single = SyntheticModel.Build();
        using var shards = new CheckpointBuilder().AddModelTensors().WriteShards(shardCount);
        Assert.Equal(SyntheticModel.Run(single), SyntheticModel.Run(shards));
    }

    [Fact]
    public void Load_HeadWidthOtherThanHiddenOverHeads_Runs()
    {
        using var files = new CheckpointBuilder();
        files.Config["head_dim"] = 14; // 4 heads of 14 in a hidden size of 32; no width is a multiple of 16 lanes
        files.AddModelTensors().WriteSingleFile();
        using var checkpoint = Checkpoint.Open(files.Folder);
        var whole = Segment.Load(checkpoint, checkpoint.AllLayers());
        var split = SyntheticModel.Run(Segment.Load(checkpoint, LayerRange.Front(1)), Segment.Load(checkpoint, LayerRange.Back(1, 2)));
        Assert.Equal(SyntheticModel.Run(whole, whole), split);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 3)]
    [InlineData(2, 1)]
    public void Load_LayersThatAreNotThere_AreRefused(int first, int end)
    {
        using var files = SyntheticModel.Build();
        using var checkpoint = Checkpoint.Open(files.Folder);
        Assert.Throws<ArgumentOutOfRangeException>(() => Segment.Load(checkpoint, new LayerRange(first, end)));
    }

    [Theory]
    [InlineData("model.layers.1.mlp.up_proj.weight")]
    [InlineData("model.norm.weight")]
    [InlineData("lm_head.weight")]
    public void Load_WrongShape_NamesTheTensor(string name)
    {
        using var files = SyntheticModel.Build(builder => builder.Replace(
            candidate => candidate == name, tensor => tensor with { Shape = [2, tensor.Data.Length / 4] }));
        using var checkpoint = Checkpoint.Open(files.Folder);
        CheckpointAssert.Refuses(() => Segment.Load(checkpoint, checkpoint.AllLayers()), name, "shape");
    }

    [Fact]
    public void Load_Progress_IsReportedAfterEachLayer()
    {
        using var files = SyntheticModel.Build();
        using var checkpoint = Checkpoint.Open(files.Folder);
        var reports = new ReportList<LoadProgress>();
        Segment.Load(checkpoint, checkpoint.AllLayers(), progress: reports);
        Assert.Equal([new LoadProgress(1, 2), new LoadProgress(2, 2)], reports);
    }

    private static bool BelongsToBack(string name) =>
        name.StartsWith("model.layers.1.", StringComparison.Ordinal) || name is "model.norm.weight" or "lm_head.weight";

    private static void AssertOnlyFrontLoads(Action<CheckpointBuilder> damage, string found)
    {
        using var whole = SyntheticModel.Build();
        using var damaged = SyntheticModel.Build(damage);
        using var checkpoint = Checkpoint.Open(damaged.Folder);
        using var undamaged = Checkpoint.Open(whole.Folder);
        var front = Segment.Load(checkpoint, LayerRange.Front(1));
        Assert.Equal(
            new Sequence(Segment.Load(undamaged, LayerRange.Front(1))).Hidden(SyntheticModel.Prompt),
            new Sequence(front).Hidden(SyntheticModel.Prompt));
        Assert.Equal((true, false), (front.HasEmbedding, front.HasHead));
        CheckpointAssert.Refuses(() => Segment.Load(checkpoint, LayerRange.Back(1, 2)), "model.layers.1.", found);
    }

    private static void AssertOnlyBackLoads(Action<CheckpointBuilder> damage, string found)
    {
        using var whole = SyntheticModel.Build();
        using var damaged = SyntheticModel.Build(damage);
        using var checkpoint = Checkpoint.Open(damaged.Folder);
        using var undamaged = Checkpoint.Open(whole.Folder);
        var front = Segment.Load(undamaged, LayerRange.Front(1));
        var back = Segment.Load(checkpoint, LayerRange.Back(1, 2));
        Assert.Equal((false, true), (back.HasEmbedding, back.HasHead));
        Assert.Equal(SyntheticModel.Run(front, Segment.Load(undamaged, LayerRange.Back(1, 2))), SyntheticModel.Run(front, back));
        CheckpointAssert.Refuses(() => Segment.Load(checkpoint, LayerRange.Front(1)), "model.embed_tokens", found);
    }

    private sealed class ReportList<T> : List<T>, IProgress<T>
    {
        public void Report(T value) => Add(value);
    }
}
