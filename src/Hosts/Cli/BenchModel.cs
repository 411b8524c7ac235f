using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

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
                return _options.Format is { } format ? $"{format}" : _checkpoint is null ? "as stored" : WeightTypes.Describe(_checkpoint);
            if (package.Front == package.Back || Layers.End <= package.SplitLayer)
                return $"{package.Front}";
            return Layers.First >= package.SplitLayer ? $"{package.Back}" : $"front {package.Front}, back {package.Back}";
        }
    }

    /// <summary>Opens the folder, if there is one.</summary>
    /// <exception cref="UserErrorException">It is not what it should be, or has no such layers.</exception>
    public static BenchModel Open(BenchOptions options, LoadingLine loading)
    {
        if (options is { ShapeConfig: not null, Store: null })
            return new BenchModel(options, checkpoint: null);

        var isWhole = options is { Part: BenchPart.Whole, Layers: null };
        var checkpoint = ModelFolder.Open(options.Store ?? options.Model, loading, isWhole);
        try
        {
            if (options.Store is not null)
                RequireShape(checkpoint, options);
            return new BenchModel(options, checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Writes the package of a shape, unless there is one.</summary>
    /// <exception cref="UserErrorException">The folder holds something else, or cannot be written.</exception>
    public static void Store(BenchOptions options, LoadingLine loading, TimeProvider clock)
    {
        if (options is not { Store: { } folder, ShapeConfig: { } config } || File.Exists(Path.Combine(folder, Checkpoint.ConfigFileName)))
            return;
        var package = PackageOf(options, config);
        _ = options.LayersOf(config.LayerCount, package.SplitLayer); // a mistake shows before gigabytes are written
        _ = options.WorkloadFor(config.ContextLength);
        SyntheticPackage.Write(config, package, folder, loading.Package(clock, "writing"));
    }

    /// <exception cref="UserErrorException">A tensor is missing or damaged, or already quantized to other bits.</exception>
    public Segment Load(LoadingLine loading, ComputeThreads threads)
    {
        var progress = loading.Layers("weights");
        return _checkpoint is not null
            ? Segment.Load(_checkpoint, Layers, _options.Format, progress, threads)
            : Segment.Synthesize(Config, Layers, _options.Format!.Value, progress);
    }

    public void Dispose() => _checkpoint?.Dispose();

    private static OpscQuantization PackageOf(BenchOptions options, ModelConfig config) =>
        new(options.SplitOf(config.LayerCount), options.Format!.Value, options.Format.Value);

    /// <summary>A package that is there already must be what would be written.</summary>
    private static void RequireShape(Checkpoint checkpoint, BenchOptions options)
    {
        var package = PackageOf(options, options.ShapeConfig!);
        var config = SyntheticPackage.ConfigFor(options.ShapeConfig!, package.SplitLayer);
        if (checkpoint.Quantization != package || checkpoint.Config with { TorchDtype = config.TorchDtype, EosTokenIds = config.EosTokenIds } != config)
        {
            throw new UserErrorException(
                UserErrorKind.Options, "--store", $"a package of {options.Shape} with {package.Front}, split after {package.SplitLayer} layers",
                $"another model in {checkpoint.Folder}", "Name another folder, or remove this one.");
        }
    }
}
