using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Simulation.Cluster;

/// <summary>What the machines of a simulated cluster take for a model of this shape, in its first format.</summary>
public sealed record ClusterCosts(ModelConfig Config, MachineProfile Device, MachineProfile Worker)
{
    /// <summary>By data sheet [<see cref="HardwareCatalog"/>]: a Raspberry Pi 5 with weights of 4 bits, and a server with the checkpoint's own.</summary>
    public static ClusterCosts Default { get; } = Of(ModelShapes.Parse("llama-1b", "shape"), HardwareCatalog.Find("pi5")!, HardwareCatalog.Find("server")!);

    public static ClusterCosts Of(ModelConfig config, HardwareFigures device, HardwareFigures worker) => new(
        config,
        device.ProfileOf(config, [WeightFormat.Of(4, WeightFormat.GroupSizeDefault)], [KvFormat.Float16]),
        worker.ProfileOf(config, [WeightFormat.Unquantized], [KvFormat.Float16]));

    public int LayerCount => Config.LayerCount;

    /// <summary>How workers store keys and values.</summary>
    public KvLayout KvLayout => new(Config.LayerCount, Config.KvHeadCount, Config.HeadDim, KvFormat.Float16);

    /// <summary>Neighbouring tokens of one session through the device's layers; with all of them the head too.</summary>
    public TimeSpan DeviceTime(int splitLayer, int tokenCount, int contextLength)
    {
        var costs = Device.Formats.Values.First();
        var layers = tokenCount == 1 ? costs.DecodeSeconds(splitLayer, contextLength) : costs.PrefillSeconds(splitLayer, tokenCount, tokenCount);
        return TimeSpan.FromSeconds(layers + costs.EmbeddingSeconds(tokenCount) + (splitLayer == LayerCount ? costs.HeadSeconds(1) : 0));
    }

    /// <summary>A batch through the layers of its deepest session, in one pass over the weights.</summary>
    public TimeSpan BatchTime(int layerCount, int rowCount, int contextLength)
    {
        var costs = Worker.Formats.Values.First();
        return TimeSpan.FromSeconds(costs.DecodeSeconds(layerCount, contextLength, rowCount) + costs.HeadSeconds(rowCount));
    }
}
