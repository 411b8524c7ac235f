using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Protocol;

/// <summary>Profiles of machines on the wire.</summary>
public static class MachineMessages
{
    private const int FormatCountMax = 64;

    public static MachineCosts ToMessage(this MachineProfile profile) => new()
    {
        Name = profile.Name,
        Formats = { profile.Formats.Select(format => ToMessage(format.Key.Weights, format.Key.Kv, format.Value)) },
        Encode = profile.Session.EncodeSeconds,
        Decode = profile.Session.DecodeSeconds,
        HandOver = profile.Session.HandOverSeconds,
        Arrival = profile.Session.ArrivalSeconds,
    };

    /// <summary>
    /// Null if it has no formats, too many, unknown ones or not all combinations, or no plausible times: whoever sent it is not planned for.
    /// </summary>
    public static MachineProfile? ToProfile(this MachineCosts? message)
    {
        if (message is null || message.Formats.Count is 0 or > FormatCountMax || !Plausible.IsName(message.Name))
            return null;
        if (!Plausible.AreTimes(message.Encode, message.Decode, message.HandOver, message.Arrival))
            return null;
        var formats = new Dictionary<(WeightFormat, KvFormat), ComputeProfile>();
        foreach (var format in message.Formats)
        {
            var weights = ToWeights(format.WeightBits, format.GroupSize);
            var kv = (KvFormat)format.KvBits;
            if (weights is null || !Enum.IsDefined(kv) || ToCosts(format) is not { } costs || !formats.TryAdd((weights.Value, kv), costs))
                return null;
        }

        var (weightCount, kvCount) = (formats.Keys.Select(format => format.Item1).Distinct().Count(), formats.Keys.Select(format => format.Item2).Distinct().Count());
        if (formats.Count != weightCount * kvCount)
            return null;
        return new MachineProfile(message.Name, formats) { Session = new SessionCosts(message.Encode, message.Decode, message.HandOver, message.Arrival) };
    }

    /// <summary>Null for a format that no kernel has.</summary>
    public static WeightFormat? ToWeights(uint bits, uint groupSize) =>
        bits <= int.MaxValue && groupSize <= int.MaxValue && WeightFormat.Of((int)bits, (int)groupSize) is { IsSupported: true } format ? format : null;

    private static FormatCosts ToMessage(WeightFormat weights, KvFormat kv, ComputeProfile costs) => new()
    {
        WeightBits = (uint)weights.Bits,
        GroupSize = (uint)weights.GroupSize,
        KvBits = (uint)kv,
        PrefillLayer = ToMessage(costs.PrefillLayer),
        DecodeLayer = ToMessage(costs.DecodeLayer),
        Head = ToMessage(costs.Head),
        Embedding = ToMessage(costs.Embedding),
        WakePass = costs.Wake.PassSeconds,
        WakeLayer = costs.Wake.LayerSeconds,
    };

    private static PassCosts ToMessage(LinearCost cost) =>
        new() { PerPass = cost.PassSeconds, PerRow = cost.RowSeconds, PerPosition = cost.PositionSeconds };

    private static ComputeProfile? ToCosts(FormatCosts message)
    {
        PassCosts?[] lines = [message.PrefillLayer, message.DecodeLayer, message.Head, message.Embedding];
        return lines.All(line => line is not null && Plausible.AreTimes(line.PerPass, line.PerRow, line.PerPosition))
            && Plausible.AreTimes(message.WakePass, message.WakeLayer)
            ? new ComputeProfile(ToCost(lines[0]!), ToCost(lines[1]!), ToCost(lines[2]!), ToCost(lines[3]!), new WakeCost(message.WakePass, message.WakeLayer))
            : null;
    }

    private static LinearCost ToCost(PassCosts message) => new(message.PerPass, message.PerRow, message.PerPosition);
}
