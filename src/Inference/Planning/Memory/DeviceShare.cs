namespace SplitActors.Inference.Planning.Memory;

/// <summary>What of a split model lies on the device.</summary>
public enum DeviceShare
{
    /// <summary>Embedding and layers 1 to ℓ; the worker has the rest.</summary>
    Front,

    /// <summary>
    /// The whole model, layers 1 to ℓ in the front's formats and the others in the back's [2511.04002, eq. 1]: to compute on until an early
    /// exit, and to go on alone when the link dies.
    /// </summary>
    WholeModel,
}
