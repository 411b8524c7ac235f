using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Protocol;

/// <summary>What a plan is expected to be like, and the formats that it asks for.</summary>
public static class PlanMessages
{
    public static Expectation ToMessage(this Candidate candidate)
    {
        var message = new Expectation
        {
            TokenUs = WireTime.ToMicroseconds(candidate.Token.Seconds) ?? uint.MaxValue,
            MemoryBytes = (ulong)candidate.Memory.ByteCount,
            UplinkBytes = (uint)candidate.UplinkBytes,
        };
        if (WireTime.ToMicroseconds(candidate.TokenSecondsWorst) is { } worstUs)
            message.TokenUsWorst = worstUs;
        if (candidate.PerplexityRise is { } rise)
            message.PerplexityRise = rise;
        return message;
    }

    /// <summary>Null for what no kernel has.</summary>
    public static (WeightFormat Weights, KvFormat Kv)? ToFormats(this FrontFormat message) =>
        MachineMessages.ToWeights(message.WeightBits, message.GroupSize) is { } weights && Enum.IsDefined((KvFormat)message.KvBits) ? (weights, (KvFormat)message.KvBits) : null;
}
