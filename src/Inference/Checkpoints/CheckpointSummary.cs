using System.Collections.Immutable;

namespace SplitActors.Inference.Checkpoints;

/// <summary>How many of a checkpoint's stored weights have one type, by the dtype of the headers.</summary>
public readonly record struct TypeShare(string Type, int TensorCount, long ElementCount, long ByteCount);

/// <summary>What <c>splitactors model DIR</c> shows of a checkpoint. Reads the headers, no weights.</summary>
/// <param name="Config">sizes and constants</param>
/// <param name="Digest">identity</param>
/// <param name="Parameters">weights that the configuration implies</param>
/// <param name="FileBytes">all safetensors files, headers included</param>
/// <param name="Types">what the files really store, largest share first</param>
/// <param name="Splits">one entry per split ℓ = 0..L; none for an OPSC package, which is made for one</param>
/// <param name="Parts">front and back of an OPSC package; none for another checkpoint</param>
public sealed record CheckpointSummary(
    ModelConfig Config,
    ModelDigest Digest,
    ParameterCounts Parameters,
    long FileBytes,
    ImmutableArray<TypeShare> Types,
    ImmutableArray<SplitFootprint> Splits,
    ImmutableArray<PackagePart> Parts)
{
    /// <summary>The types of the matrices, such as BF16.</summary>
    public required string Weights { get; init; }

    /// <exception cref="UserErrorException">A shard is missing or damaged.</exception>
    public static CheckpointSummary Of(Checkpoint checkpoint)
    {
        var types = checkpoint.Tensors.GroupBy(tensor => tensor.TypeName, StringComparer.Ordinal)
            .Select(share => new TypeShare(share.Key, share.Count(), share.Sum(tensor => tensor.ElementCount), share.Sum(tensor => tensor.ByteCount)));
        var splitCount = checkpoint.Quantization is null ? checkpoint.Config.LayerCount + 1 : 0;
        var stored = StoredSizes.Of(checkpoint);
        var splits = from splitLayer in Enumerable.Range(0, splitCount)
                     select SplitFootprint.Of(checkpoint.Config, stored, splitLayer);
        return new CheckpointSummary(
            checkpoint.Config,
            ModelDigest.Of(checkpoint),
            ParameterCounts.Of(checkpoint.Config),
            checkpoint.FileBytes,
            [.. types.OrderByDescending(share => share.ByteCount)],
            [.. splits],
            PackagePart.Of(checkpoint))
        {
            Weights = WeightTypes.Describe(checkpoint),
        };
    }
}
