using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

/// <summary>The embedded model, opened once for all tests of this assembly.</summary>
internal static class Quill
{
    public static Checkpoint Checkpoint { get; } = Checkpoint.Open(Repository.Quill);

    public static ModelConfig Config => Checkpoint.Config;

    public static Segment Whole { get; } = Segment.Load(Checkpoint, new LayerRange(0, Checkpoint.Config.LayerCount));

    public static Segment Front(int splitLayer, WeightFormat? format = null) => Segment.Load(Checkpoint, LayerRange.Front(splitLayer), format);

    public static Segment Back(int splitLayer, WeightFormat? format = null) =>
        Segment.Load(Checkpoint, LayerRange.Back(splitLayer, Config.LayerCount), format);
}
