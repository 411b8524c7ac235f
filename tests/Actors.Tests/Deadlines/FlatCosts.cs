using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>A machine whose passes take the same whatever their layers.</summary>
internal static class FlatCosts
{
    public static MachineProfile Of(double passUs, double rowUs)
    {
        var head = new LinearCost(passUs / 1e6, rowUs / 1e6, PositionSeconds: 0);
        return new MachineProfile("flat", new Dictionary<(WeightFormat, KvFormat), ComputeProfile>
        {
            [(WeightFormat.Unquantized, KvFormat.Float16)] = new(default, default, head, default),
        });
    }

    public static WorkerProfile WorkerOf(double passUs, double rowUs, uint batchRowsMax = 128) => new() { Costs = Of(passUs, rowUs).ToMessage(), BatchRowsMax = batchRowsMax };
}
