namespace SplitActors.Inference.Checkpoints;

/// <summary>The types of weights that are not quantized, by their headers, in words.</summary>
public static class WeightTypes
{
    /// <summary>Such as BF16, or BF16 and F32 of a file that mixes them.</summary>
    public static string Describe(IEnumerable<TensorInfo> tensors) =>
        string.Join(" and ", tensors.Select(tensor => tensor.TypeName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    /// <summary>Of a checkpoint's matrices, as far as their files are here.</summary>
    /// <exception cref="UserErrorException">A tensor or a file that must be here is missing, or the file is damaged.</exception>
    public static string Describe(Checkpoint checkpoint) =>
        Describe(ModelTensors.Of(checkpoint.Config).Where(tensor => tensor.IsMatrix).Select(tensor => checkpoint.TryGetInfo(tensor.Name)).OfType<TensorInfo>());
}
