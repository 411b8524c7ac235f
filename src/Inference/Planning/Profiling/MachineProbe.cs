using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Planning.Profiling;

/// <summary>
/// Measures what this machine takes for a model, in about a second, with made-up weights of its shape. Every weight format and every format of keys and values
/// is measured. Their combinations are put together: reading and multiplying weights takes what it takes by itself, and attention adds what each position takes in its format,
/// as it reads no weights.
/// </summary>
public static class MachineProbe
{
    /// <param name="name">Of the machine.</param>
    /// <param name="config">The model.</param>
    /// <param name="weights">Formats to measure, at least one.</param>
    /// <param name="keyValues">Likewise.</param>
    /// <param name="threads">Compute.</param>
    /// <param name="clock">Takes the times.</param>
    /// <param name="lastCacheBytes">What the processor's last cache holds; 0 if that is not known.</param>
    /// <param name="storedWeightBytes">Of a weight that is not quantized: 2 or 4.</param>
    /// <param name="cancellation">Ends it between two passes.</param>
    /// <exception cref="UserErrorException">There is too little memory for the model's largest matrix.</exception>
    public static MachineProfile Measure(
        string name, ModelConfig config, IReadOnlyCollection<WeightFormat> weights, IReadOnlyCollection<KvFormat> keyValues, ComputeThreads threads, TimeProvider clock,
        long lastCacheBytes = 0, int storedWeightBytes = sizeof(ushort), CancellationToken cancellation = default)
    {
        var timer = new PassTimer(clock, cancellation);
        var memory = ProbeMemory.Allocate(config, weights, lastCacheBytes, storedWeightBytes);
        var attention = new Dictionary<KvFormat, (double Prefill, double Decode)>();
        var profiles = new Dictionary<(WeightFormat, KvFormat), ComputeProfile>();
        foreach (var format in weights.OrderBy(format => format.Bits))
        {
            using var probe = LayerProbe.Open(config, format, memory, threads, timer);
            if (attention.Count == 0)
            {
                var attentionProbe = new AttentionProbe(config, threads, timer, probe.Stream);
                foreach (var kv in keyValues)
                    attention[kv] = attentionProbe.Measure(kv);
            }

            var (prefill, decode, head, embedding, wake) = probe.Measure();
            foreach (var kv in keyValues)
            {
                profiles[(format, kv)] = new ComputeProfile(
                    WithPositions(prefill, attention[kv].Prefill), WithPositions(decode, attention[kv].Decode), head, embedding, wake);
            }
        }

        return new MachineProfile(name, profiles);
    }

    /// <summary>The short contexts of the samples are taken to cost nothing, rather than to subtract what is less than the noise.</summary>
    private static LinearCost WithPositions(ComputeSample[] samples, double positionSeconds) =>
        LinearFit.Of([.. samples.Select(sample => sample with { PositionCount = 0 })]).Cost with { PositionSeconds = positionSeconds };
}
