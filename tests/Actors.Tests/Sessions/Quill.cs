using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>The embedded model and its golden prompts, loaded once.</summary>
internal static class Quill
{
    private static readonly ConcurrentDictionary<(LayerRange Layers, WeightFormat? Format), Segment> Segments = new();

    private static readonly ConcurrentDictionary<int, CalibratedSplit> CalibratedSplits = new();

    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Quill, "golden.json"))).RootElement;

    public static Checkpoint Checkpoint { get; } = Checkpoint.Open(Repository.Quill);

    public static ModelConfig Config => Checkpoint.Config;

    public static ByteString Digest { get; } = ByteString.CopyFrom(Convert.FromHexString(ModelDigest.Of(Checkpoint).Hex));

    /// <param name="splitLayer">ℓ</param>
    /// <param name="format">Quantizes it; null for the checkpoint's own.</param>
    public static Segment Front(int splitLayer, WeightFormat? format = null) => Load(LayerRange.Front(splitLayer), format);

    public static Segment Back(int splitLayer) => Load(LayerRange.Back(splitLayer, Config.LayerCount));

    /// <summary>A device's engine as the plan has it, greedy, without calibration.</summary>
    /// <param name="plan">Of a session.</param>
    /// <param name="chunkTokensMax">Tokens of a pass.</param>
    public static FrontEngine FrontEngine(Plan plan, int chunkTokensMax) => new(
        Front((int)plan.SplitLayer), plan.Compression.ToOptions(), SamplingOptions.Greedy, Config.ContextLength, chunkTokensMax, KvFormat.Float16, ComputeThreads.Single,
        TimeProvider.System, calibrated: null);

    /// <summary>A worker's engine without calibration.</summary>
    public static BackEngine BackEngine(Segment segment, WorkerOptions options) => new(
        segment, options.BatchRowsMax, new KvPagePools(options.KvLayout, options.KvBytesMax), ComputeThreads.Single, TimeProvider.System, calibrated: null);

    /// <summary>Of all its splits.</summary>
    public static ModelCalibration Calibration { get; } = ModelCalibration.TryOpen(Checkpoint)!;

    public static CalibratedSplit Calibrated(int splitLayer) => CalibratedSplits.GetOrAdd(splitLayer, split => new CalibratedSplit(Calibration.For(split)!, Front(0)));

    public static ImmutableList<int> Prompt(int index) => [.. Ids(index, "ids")];

    public static IEnumerable<int> GreedyContinuation(int index) => Ids(index, "greedy_ids");

    private static Segment Load(LayerRange layers, WeightFormat? format = null) =>
        Segments.GetOrAdd((layers, format), key => Segment.Load(Checkpoint, key.Layers, key.Format));

    private static IEnumerable<int> Ids(int index, string field) =>
        Golden.GetProperty("prompts")[index].GetProperty(field).EnumerateArray().Select(id => id.GetInt32());
}
