using System.Runtime.Intrinsics;
using System.Text.Json;
using SplitActors.Hosts.Benchmarking;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors bench</c> prints.</summary>
internal static class BenchReport
{
    private static readonly JsonSerializerOptions Indented = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private static readonly JsonSerializerOptions OneLine = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static string Engine => $"splitactors ({(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)}-bit vectors)";

    public static IEnumerable<(string Name, string Value)> Facts(BenchModel model, BenchSummary summary)
    {
        var (segment, work) = (summary.Segment, summary.Workload);
        yield return ("model", $"{model.Name}, {LayersText(segment)}; {model.WeightsText}; {ParameterCount(segment):N0} parameters");
        yield return ("weights", $"{Mebibytes(segment.ByteCount)} MiB, of which a token reads {Mebibytes(segment.BytesPerToken)}; loaded in {summary.LoadTime.TotalSeconds:F2} s");
        yield return ("work", $"prompt of {work.PromptTokens}, {work.DecodeTokens} decoded, {Sequences(work.BatchSize)}, {Threads(summary.ThreadCount)}");
        yield return ("rounds", $"{summary.Rounds.Count} after one to warm up: median (least–most)");
        yield return ("prefill", $"{summary.Prefill.ToText("F1")} tokens/s");
        yield return ("decode", $"{summary.Decode.ToText("F1")} tokens/s");
        yield return ("decode reads", $"{summary.Read.ToText("F1")} GB/s of weights");
        yield return ("bandwidth", $"{summary.Bandwidth.ToText("F1")} GB/s when the same threads only read the same weights");
        yield return ("share", $"{summary.Share.ToText("P0")} of the bandwidth of the same round");
        yield return ("KV cache", $"{Mebibytes(summary.KvByteCount)} MiB at {(int)work.KvFormat} bits");
        yield return ("peak memory", $"{Mebibytes(summary.PeakByteCount)} MiB: weights, KV cache, and {Mebibytes(summary.OverheadByteCount)} MiB of anything else");
    }

    /// <summary>One object.</summary>
    public static string ToJson(BenchModel model, BenchSummary summary) => JsonSerializer.Serialize(
        new
        {
            Engine,
            Model = model.Name,
            FirstLayer = summary.Segment.Layers.First + 1,
            LastLayer = summary.Segment.Layers.End,
            model.Config.LayerCount,
            summary.Segment.HasEmbedding,
            summary.Segment.HasHead,
            Parameters = ParameterCount(summary.Segment),
            Weights = model.WeightsText,
            WeightBytes = summary.Segment.ByteCount,
            summary.Segment.BytesPerToken,
            KvBits = (int)summary.Workload.KvFormat,
            Threads = summary.ThreadCount,
            summary.Workload.PromptTokens,
            summary.Workload.DecodeTokens,
            Batch = summary.Workload.BatchSize,
            LoadSeconds = summary.LoadTime.TotalSeconds,
            WarmUpRounds = 1,
            PrefillTokensPerSecond = summary.Prefill,
            DecodeTokensPerSecond = summary.Decode,
            ReadGigabytesPerSecond = summary.Read,
            BandwidthGigabytesPerSecond = summary.Bandwidth,
            BandwidthShare = summary.Share,
            KvBytes = summary.KvByteCount,
            PeakMemoryBytes = summary.PeakByteCount,
            OverheadBytes = summary.OverheadByteCount,
            summary.Rounds,
        },
        Indented);

    /// <summary>One line.</summary>
    public static string ToJson(BenchRound round) => JsonSerializer.Serialize(
        new { Engine, round.PrefillTokensPerSecond, round.DecodeTokensPerSecond, round.ReadGigabytesPerSecond }, OneLine);

    private static string LayersText(Segment segment) => segment.Layers.Count == segment.Config.LayerCount
        ? $"{segment.Layers.Count} layers"
        : $"{segment.Layers} of {segment.Config.LayerCount}{(segment.HasEmbedding ? " with the embedding" : segment.HasHead ? " with the head" : "")}";

    /// <summary>A matrix that is embedding and head counts once.</summary>
    private static long ParameterCount(Segment segment)
    {
        var counts = ParameterCounts.Of(segment.Config);
        var ownHead = segment.Config.TieWordEmbeddings && !segment.HasEmbedding ? counts.Embedding : counts.Head;
        return (segment.Layers.Count * counts.PerLayer) + (segment.HasEmbedding ? counts.Embedding : 0) + (segment.HasHead ? counts.FinalNorm + ownHead : 0);
    }

    private static string Sequences(int count) => count == 1 ? "one sequence" : $"{count} sequences at a time";

    private static string Threads(int count) => count == 1 ? "1 thread" : $"{count} threads";

    private static string Mebibytes(long bytes) => $"{bytes / (double)(1 << 20):F1}";
}
