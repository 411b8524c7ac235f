using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Simulating;

/// <summary>What servers have to do for so many devices.</summary>
/// <param name="TokenCountMax">W̄; null: cloud-only.</param>
internal sealed record OffloadPoint(int DeviceCount, int? TokenCountMax, TimeSpan ServerTime, long ServerTokenCount, string? Violation);

/// <summary>
/// Server time and server tokens against the number of devices, where all tokens are the servers' and where devices first generate alone until they
/// hold W̄ tokens [2511.04002, figure 5]. Each device has one session of the same length.
/// </summary>
internal static class OffloadSweep
{
    private const int StepCount = 5;

    /// <param name="options">Of the largest cluster; one session of each device counts.</param>
    /// <param name="tokenCounts">W̄ of each curve beside cloud-only.</param>
    /// <param name="progress">Told the share that is done; may throw to end the sweep.</param>
    public static IReadOnlyList<OffloadPoint> Run(ClusterOptions options, IReadOnlyList<int> tokenCounts, Action<double> progress)
    {
        var points = new List<OffloadPoint>();
        int?[] curves = [null, .. tokenCounts];
        foreach (var tokenCountMax in curves)
        {
            for (var step = 1; step <= StepCount; step++)
            {
                var deviceCount = Math.Max(1, options.DeviceCount * step / StepCount);
                points.Add(Simulate(options with { DeviceCount = deviceCount }, tokenCountMax, () => progress((double)points.Count / (StepCount * curves.Length))));
            }
        }

        return points;
    }

    private static OffloadPoint Simulate(ClusterOptions options, int? tokenCountMax, Action progress)
    {
        using var simulation = new ClusterSimulation(options with
        {
            SessionsPerDevice = 1,
            GeneratedTokensMin = options.GeneratedTokensMax,
            Plan = new FixedPlan(tokenCountMax is null ? ExecutionMode.Cloud : ExecutionMode.Handoff, 0, CompressionOptions.Lossless),
            HandoffTokens = Math.Max(1, (tokenCountMax ?? 1) - options.PromptTokensMax),
            Faults = options.Faults with { MoveEvery = null },
        });
        var report = simulation.Run(_ => progress());
        return new OffloadPoint(options.DeviceCount, tokenCountMax, report.WorkerTime, report.WorkerTokenCount, report.Violation);
    }
}
