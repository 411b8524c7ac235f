using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Cli;

/// <summary>The model to measure: a folder, or a shape in memory.</summary>
internal sealed class BenchModel : IDisposable
{
    private readonly BenchOptions _options;
    private readonly Checkpoint? _checkpoint;

    private BenchModel(BenchOptions options, Checkpoint? checkpoint)
    {
        (_options, _checkpoint) = (options, checkpoint);
        Config = checkpoint?.Config ?? options.ShapeConfig!;
        Layers = options.LayersOf(Config.LayerCount, checkpoint?.Quantization?.SplitLayer);
    }

    public ModelConfig Config { get; }

    /// <summary>Those to measure.</summary>
    public LayerRange Layers { get; }

    /// <summary>The shape's name, or the folder.</summary>
    public string Name => _options.Shape ?? _checkpoint!.Folder;

    /// <summary>How the weights are stored, in words.</summary>
    public string WeightsText
    {
        get
        {
            if (_checkpoint?.Quantization is not { } package)
                return _options.Format is { } format ? $"{format}" : Config.TorchDtype ?? "as stored";
            if (package.Front == package.Back || Layers.End <= package.SplitLayer)
                return $"{package.Front}";
            return Layers.First >= package.SplitLayer ? $"{package.Back}" : $"front {package.Front}, back {package.Back}";
        }
    }

    /// <summary>Opens the folder, if there is one.</summary>
    /// <exception cref="UserErrorException">It is not what it should be, or has no such layers.</exception>
    public static BenchModel Open(BenchOptions options, LoadingLine loading)
    {
        if (options.ShapeConfig is not null)
            return new BenchModel(options, checkpoint: null);

        var isWhole = options is { Part: BenchPart.Whole, Layers: null };
        var checkpoint = Checkpoint.Open(options.Model, new CheckpointOpenOptions { Progress = loading, RequireAllShards = isWhole });
        try
        {
            return new BenchModel(options, checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <exception cref="UserErrorException">A tensor is missing or damaged, or already quantized to other bits.</exception>
    public Segment Load(LoadingLine loading)
    {
        var progress = loading.Layers("weights");
        return _checkpoint is not null
            ? Segment.Load(_checkpoint, Layers, _options.Format, progress)
            : Segment.Synthesize(Config, Layers, _options.Format!.Value, progress);
    }

    public void Dispose() => _checkpoint?.Dispose();
}
