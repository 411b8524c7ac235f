using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Models;

internal static class NormWeight
{
    /// <summary>The weight vector [d] of a normalization, as float32.</summary>
    public static float[] Load(Checkpoint checkpoint, string name)
    {
        var tensor = checkpoint.GetTensor(name, checkpoint.Config.HiddenSize);
        tensor.EnsureFinite();
        var weight = new float[tensor.ElementCount];
        tensor.CopyTo(weight);
        return weight;
    }
}
