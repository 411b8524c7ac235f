using SplitActors.Inference.Checkpoints;

namespace SplitActors.Micro.Kernels;

/// <summary>Matrices of different proportions.</summary>
public enum Projection
{
    QProj,
    GateProj,
    DownProj,
    LmHead,
}

internal static class ProjectionSizes
{
    /// <summary>Rows and columns of W [outputs, inputs].</summary>
    public static (int Outputs, int Inputs) SizeIn(this Projection projection, ModelConfig config) => projection switch
    {
        Projection.QProj => (config.QueryWidth, config.HiddenSize),
        Projection.GateProj => (config.IntermediateSize, config.HiddenSize),
        Projection.DownProj => (config.HiddenSize, config.IntermediateSize),
        Projection.LmHead => (config.VocabularySize, config.HiddenSize),
        _ => throw new ArgumentOutOfRangeException(nameof(projection), projection, "unknown"),
    };
}
