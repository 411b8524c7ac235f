using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Backend;

/// <summary>
/// What, beside the checkpoint, decides the bits that a worker computes: engine, its version, and the formats of weights, keys and values. Reductions do not depend on the processor or on
/// the batch, so that a session rebuilt on another worker of the same id goes on with the same tokens.
/// </summary>
public static class Numerics
{
    private const ulong EngineVersion = 1; // to be raised with every change of a kernel's results

    public static ulong IdOf(WeightFormat weights, KvFormat kv) =>
        (EngineVersion << 48) | ((ulong)weights.Bits << 40) | ((ulong)weights.GroupSize << 8) | (byte)kv;
}
