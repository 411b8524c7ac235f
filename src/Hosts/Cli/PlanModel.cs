using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;

namespace SplitActors.Hosts.Cli;

/// <summary>The model to plan for: a folder, or a shape. No weights are read.</summary>
internal sealed class PlanModel : IDisposable
{
    private readonly PlanOptions _options;

    private PlanModel(PlanOptions options, Checkpoint? checkpoint)
    {
        (_options, Checkpoint) = (options, checkpoint);
        Config = checkpoint?.Config ?? options.ShapeConfig!;
        Stored = checkpoint is null ? null : StoredSizes.Of(checkpoint);
        Calibration = checkpoint is null ? null : ModelCalibration.TryOpen(checkpoint);
    }

    /// <summary>Null for a shape.</summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>What the files hold; null for a shape.</summary>
    public StoredSizes? Stored { get; }

    public ModelConfig Config { get; }

    /// <summary>Null if there is none.</summary>
    public ModelCalibration? Calibration { get; }

    /// <summary>The shape's name, or the folder.</summary>
    public string Name => _options.Shape ?? Checkpoint!.Folder;

    /// <exception cref="UserErrorException">The folder holds no model, or one that is quantized already.</exception>
    public static PlanModel Open(PlanOptions options, LoadingLine loading)
    {
        if (options.Shape is not null)
            return new PlanModel(options, checkpoint: null);
        var checkpoint = ModelFolder.Open(options.Model, loading, requiresAllShards: false);
        try
        {
            if (checkpoint.Quantization is { } package)
            {
                throw new UserErrorException(
                    UserErrorKind.Options, "--model", "a model whose bits are still to be chosen", $"an OPSC package of {package.Front} and {package.Back}, split after {package.SplitLayer} layers",
                    "Name the folder that it was made from.");
            }

            return new PlanModel(options, checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose() => Checkpoint?.Dispose();
}
