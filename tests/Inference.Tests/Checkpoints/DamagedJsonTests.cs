using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

/// <summary>Every truncation and every flipped bit of the JSON files is refused as a user error, or leaves a usable value.</summary>
public sealed class DamagedJsonTests : IDisposable
{
    private readonly CheckpointBuilder _builder = new CheckpointBuilder()
        .Add("model.norm.weight", "BF16", [1], new byte[2])
        .Add("lm_head.weight", "BF16", [1], new byte[2])
        .WriteShards(2);

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void ReadConfig_EveryTruncationAndBitFlip_IsRefusedOrUsable() => ForEachDamage("config.json", json =>
    {
        var config = ModelConfigReader.Read(JsonField.Parse("config.json", json), generationConfig: null);
        Assert.True(ParameterCounts.Of(config).Total > 0);
        Assert.True(SplitFootprint.Of(config, StoredSizes.At(config), config.LayerCount).Front.At16Bits > 0);
        Assert.Equal(0, config.HeadCount % config.KvHeadCount);
    });

    [Fact]
    public void ParseIndex_EveryTruncationAndBitFlip_IsRefusedOrStaysInTheFolder() => ForEachDamage(ShardIndex.FileName, json =>
        Assert.All(ShardIndex.Read(JsonField.Parse("index", json)).WeightMap.Values, file => Assert.Equal(file, Path.GetFileName(file))));

    private void ForEachDamage(string file, Action<byte[]> read)
    {
        var whole = File.ReadAllBytes(_builder.PathTo(file));
        for (var length = 0; length < whole.Length; length++)
            CheckpointAssert.Refuses(() => read(whole[..length]));

        for (var bit = 0; bit < 8 * whole.Length; bit++)
        {
            var damaged = whole.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                read(damaged);
            }
            catch (UserErrorException error)
            {
                Assert.Equal(UserErrorKind.Checkpoint, error.Kind);
            }
        }
    }
}
