using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Compute;

/// <summary>
/// What a machine could do by its data sheet. From it follow estimates: bytes over bandwidth and multiplications over their peak rate, one after the
/// other. Neither is ever reached, and nothing else is counted: a measured profile is better wherever the machine is at hand.
/// </summary>
/// <param name="Name">As in <see cref="HardwareCatalog"/>, or in a user's file.</param>
/// <param name="CoreCount">Cores that compute.</param>
/// <param name="BytesPerSecond">Of the memory.</param>
/// <param name="Int8PerSecond">Multiplications of bytes by all cores: quantized weights.</param>
/// <param name="FloatPerSecond">Multiplications of float32 by all cores: weights of 16 bits, attention.</param>
public sealed record HardwareFigures(string Name, int CoreCount, double BytesPerSecond, double Int8PerSecond, double FloatPerSecond)
{
    /// <summary>Estimates for a model in every combination of formats.</summary>
    public MachineProfile ProfileOf(ModelConfig config, IEnumerable<WeightFormat> weights, IReadOnlyCollection<KvFormat> keyValues, StoredSizes? stored = null) =>
        new(Name, weights
            .SelectMany(format => keyValues.Select(kv => (Weights: format, Kv: kv)))
            .ToDictionary(formats => formats, formats => Estimate(config, formats.Weights, formats.Kv, stored ?? StoredSizes.At(config))));

    private ComputeProfile Estimate(ModelConfig config, WeightFormat weights, KvFormat kv, StoredSizes stored)
    {
        var perSecond = weights.IsQuantized ? Int8PerSecond : FloatPerSecond;
        var three = config with { LayerCount = 3, TieWordEmbeddings = false }; // the middle one has neither embedding nor head
        var layerBytes = weights.IsQuantized ? WeightMemory.Of(three, new LayerRange(1, 2), weights).MatrixBytes : stored.LayerMatrixBytes;
        var headBytes = weights.IsQuantized ? WeightMemory.Of(three, new LayerRange(3, 3), weights).MatrixBytes : stored.Head.Matrices;
        var counts = ParameterCounts.Of(config);
        var attend = 2.0 * config.QueryWidth / FloatPerSecond; // scores, and the sum of values
        var readPosition = (double)new KvLayout(layerCount: 1, config.KvHeadCount, config.HeadDim, kv).PageBytes / KvLayout.PagePositions / BytesPerSecond;
        var (layerRow, headRow) = (counts.PerLayer / perSecond, (double)config.VocabularySize * config.HiddenSize / perSecond);
        return new ComputeProfile(
            PrefillLayer: new LinearCost(layerBytes / BytesPerSecond, layerRow, attend), // a chunk's rows share what they read of keys and values
            DecodeLayer: new LinearCost(layerBytes / BytesPerSecond, layerRow, attend + readPosition),
            Head: new LinearCost(headBytes / BytesPerSecond, headRow, PositionSeconds: 0),
            Embedding: new LinearCost(PassSeconds: 0, config.HiddenSize * sizeof(float) / BytesPerSecond, PositionSeconds: 0));
    }
}
