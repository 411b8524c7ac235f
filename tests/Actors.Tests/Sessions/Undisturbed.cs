using System.Collections.Concurrent;
using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>The tokens of sessions that run alone on a worker that never fails: what every disturbed session is compared with.</summary>
internal static class Undisturbed
{
    public const int SplitLayer = 4;
    public const int TokenCountMax = 64;

    private static readonly ConcurrentDictionary<(FixedPlan Plan, string Prompt, SamplingOptions Sampling), ImmutableArray<int>> Runs = new();

    /// <summary>Split with the default compression.</summary>
    public static FixedPlan Compressed { get; } = new(ExecutionMode.Split, SplitLayer, CompressionOptions.Default);

    /// <summary>Split with frames that hold what the embeddings of generated tokens do not predict.</summary>
    public static FixedPlan Predicted { get; } = new(
        ExecutionMode.Split, SplitLayer, Quill.Calibration.For(SplitLayer)!.RateDistortionFor(QualityTarget.Default, RateDistortionTransform.Prediction));

    /// <summary>The same of prompt tokens.</summary>
    public static FixedPlan PredictedPrompt { get; } = Predicted with { Compression = Predicted.Compression with { SharesPromptTokens = true } };

    /// <summary>Split with raw float32 frames.</summary>
    public static FixedPlan Lossless { get; } = new(ExecutionMode.Split, SplitLayer, CompressionOptions.Lossless);

    public static FixedPlan Cloud { get; } = new(ExecutionMode.Cloud, 0, CompressionOptions.Default);

    public static FixedPlan Device { get; } = new(ExecutionMode.Device, Quill.Config.LayerCount, CompressionOptions.Default);

    public static ImmutableArray<FixedPlan> DistributedPlans { get; } = [Compressed, Lossless, Cloud, Predicted, PredictedPrompt];

    public static SamplingOptions Random { get; } = new() { Temperature = 0.8f, TopP = 0.95f, RepetitionPenalty = 1.2f, Seed = 7 };

    /// <summary>139 tokens: prompt 1 and its reference continuation.</summary>
    public static ImmutableList<int> LongPrompt { get; } = Quill.Prompt(1).AddRange(Quill.GreedyContinuation(1));

    /// <summary>The first tokens generated, at most <see cref="TokenCountMax"/>; an end token does not end them.</summary>
    public static IEnumerable<int> Tokens(FixedPlan plan, ImmutableList<int> prompt, SamplingOptions sampling, int count) =>
        Runs.GetOrAdd((plan, string.Join(' ', prompt), sampling), _ => Run(plan, prompt, sampling)).Take(count);

    private static ImmutableArray<int> Run(FixedPlan plan, ImmutableList<int> prompt, SamplingOptions sampling)
    {
        var cluster = new SimulatedCluster(plan);
        if (plan.Mode != ExecutionMode.Device)
            cluster.StartWorker("worker/1");
        var session = cluster.StartSession(prompt, sampling, options => options with { GeneratedCountMax = TokenCountMax, EndTokens = [] });
        cluster.RunUntilEnded(session);
        return [.. session.Tokens];
    }
}
