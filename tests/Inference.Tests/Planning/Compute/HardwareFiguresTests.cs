using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Planning.Compute;

public sealed class HardwareFiguresTests
{
    private static readonly HardwareFigures Machine = new("machine", CoreCount: 4, BytesPerSecond: 10e9, Int8PerSecond: 100e9, FloatPerSecond: 20e9);

    /// <summary>A layer of llama-1b has 60,821,504 weights: bytes over bandwidth, and one multiplication each.</summary>
    [Fact]
    public void ProfileOf_SixteenBits_IsBytesAndMultiplications()
    {
        var profile = Machine.ProfileOf(ModelShapes.Parse("llama-1b", "test"), [WeightFormat.Unquantized], [KvFormat.Float16]).For(WeightFormat.Unquantized, KvFormat.Float16);
        Assert.Equal(60_821_504 * 2 / 10e9, profile.DecodeLayer.PassSeconds, 1e-5); // norms take four bytes
        Assert.Equal(60_821_504 / 20e9, profile.DecodeLayer.RowSeconds, 1e-6);
        Assert.Equal((2.0 * 2048 / 20e9) + (2 * 512 * 2 / 10e9), profile.DecodeLayer.PositionSeconds, 1e-12);
        Assert.Equal(2.0 * 2048 / 20e9, profile.PrefillLayer.PositionSeconds, 1e-12);
        Assert.Equal((32_000 * 2048 * 2 / 10e9) + (32_000 * 2048 / 20e9), profile.HeadSeconds(1), 1e-5);
    }

    [Fact]
    public void ProfileOf_FewerBits_ReadsLessAndMultipliesInts()
    {
        var machine = Machine.ProfileOf(ModelShapes.Parse("llama-1b", "test"), [new(8), new(4)], [KvFormat.Float16, KvFormat.Int8]);
        var (eight, four) = (machine.For(new(8), KvFormat.Float16), machine.For(new(4), KvFormat.Float16));
        Assert.Equal(60_821_504 / 100e9, eight.DecodeLayer.RowSeconds, 1e-7);
        Assert.Equal(eight.DecodeLayer.RowSeconds, four.DecodeLayer.RowSeconds);
        Assert.InRange(eight.DecodeLayer.PassSeconds / four.DecodeLayer.PassSeconds, 1.85, 1.95); // 8.5 over 4.5 bits
        Assert.True(machine.For(new(8), KvFormat.Int8).DecodeLayer.PositionSeconds < eight.DecodeLayer.PositionSeconds);
    }

    [Fact]
    public void ProfileOf_OneLayerModel_HasALayerWithoutEmbeddingOrHead()
    {
        var config = ModelShapes.Parse("llama-1b", "test");
        var (one, many) = (Machine.ProfileOf(config with { LayerCount = 1 }, [new(4)], [KvFormat.Float16]), Machine.ProfileOf(config, [new(4)], [KvFormat.Float16]));
        Assert.Equal(many.Formats, one.Formats);
    }

    [Fact]
    public void Find_NameOfTheCatalog_GivesFigures()
    {
        Assert.All(HardwareCatalog.Names, name => Assert.Equal(name, HardwareCatalog.Find(name)!.Name));
        Assert.Null(HardwareCatalog.Find("toaster"));
        Assert.Equal(4 * 2.4e9 * 32, HardwareCatalog.Find("pi5")!.Int8PerSecond, 1);
    }
}
