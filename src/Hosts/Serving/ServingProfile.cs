using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Serving;

/// <summary>What this machine takes for the model, and what is to be planned with it.</summary>
/// <param name="Machine">In all formats that device and workers may have.</param>
/// <param name="FrontFormats">That the device may have; the first one if nothing is planned.</param>
/// <param name="BackFormat">Of the workers.</param>
internal sealed record ServingProfile(
    MachineProfile Machine, IReadOnlyList<(WeightFormat Weights, KvFormat Kv)> FrontFormats, (WeightFormat Weights, KvFormat Kv) BackFormat)
{
    private const int HandOvers = 2; // to the thread that computes, and back

    /// <summary>Makes plans; null: there is one for every session.</summary>
    public SessionPlanner? Planner { get; init; }

    /// <summary>Of the device's process; null: no limit.</summary>
    public long? MemoryBytesMax { get; init; }

    /// <summary>Null for any.</summary>
    public double? PerplexityRiseMax { get; init; }

    /// <summary>What a worker says of itself.</summary>
    public MachineProfile Worker => Only([BackFormat]);

    /// <summary>What a device says of itself.</summary>
    public DeviceDescription Describe(int chunkRows, int threadCount)
    {
        var description = new DeviceDescription
        {
            Costs = Only(FrontFormats).ToMessage(),
            ChunkRows = (uint)chunkRows,
            ThreadCount = (uint)threadCount,
        };
        if (MemoryBytesMax is { } memory)
            description.MemoryBytesMax = (ulong)memory;
        if (PerplexityRiseMax is { } rise && double.IsFinite(rise))
            description.PerplexityRiseMax = rise;
        return description;
    }

    /// <summary>What the device takes for a token under a plan that is not made for it.</summary>
    /// <param name="splitLayer">ℓ, at least 1.</param>
    /// <param name="layerCount">L</param>
    /// <param name="contextLength">Tokens at the end.</param>
    public TimeSpan DeviceTime(int splitLayer, int layerCount, int contextLength)
    {
        var (costs, session) = (Machine.For(FrontFormats[0].Weights, FrontFormats[0].Kv), Machine.Session);
        var compute = costs.EmbeddingSeconds(1) + costs.DecodeSeconds(splitLayer, contextLength) + costs.Wake.Seconds(splitLayer) + (splitLayer == layerCount ? costs.HeadSeconds(1) : 0);
        return TimeSpan.FromSeconds(compute + session.EncodeSeconds + (HandOvers * session.HandOverSeconds) + session.ArrivalSeconds);
    }

    private MachineProfile Only(IReadOnlyList<(WeightFormat Weights, KvFormat Kv)> formats) =>
        Machine with { Formats = formats.Distinct().ToDictionary(format => format, format => Machine.For(format.Weights, format.Kv)) };
}
