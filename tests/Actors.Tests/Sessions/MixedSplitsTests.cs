using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>One worker that holds all layers serves sessions of several splits in the same batches.</summary>
public sealed class MixedSplitsTests
{
    private static readonly ImmutableArray<FixedPlan> Lossless =
    [
        new(ExecutionMode.Cloud, 0, CompressionOptions.Lossless),
        new(ExecutionMode.Split, 2, CompressionOptions.Lossless),
        new(ExecutionMode.Split, 4, CompressionOptions.Lossless),
        new(ExecutionMode.Split, 7, CompressionOptions.Lossless),
    ];

    [Fact]
    public async Task Sessions_OfCloudAndThreeSplitsAtOnce_GiveTheReferenceTokens()
    {
        await using var cluster = Cluster(Lossless);
        var sessions = Lossless.Select((_, index) => cluster.StartSession(Quill.Prompt(index))).ToList();
        cluster.RunUntilEnded(sessions);

        for (var index = 0; index < sessions.Count; index++)
        {
            Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), sessions[index].Ended);
            Assert.Equal(Quill.GreedyContinuation(index), sessions[index].Tokens);
        }

        var decoded = cluster.Network.Bodies<StepResult>().Where(result => result.NextPosition > Quill.Prompt((int)result.SessionId - 1).Count);
        Assert.True(decoded.Count(result => result.BatchRows > 1) > 100, "The sessions, each of its own split, did not share batches.");
        Assert.Empty(cluster.Events.OfType<NodeRestarted>());
    }

    [Fact]
    public async Task Sessions_OfCalibratedSplitsAtOnce_AreEachDecodedWithTheirOwn()
    {
        var plans = new[] { 2, 4, 7 }.Select(splitLayer => new FixedPlan(
            ExecutionMode.Split, splitLayer, Quill.Calibration.For(splitLayer)!.RateDistortionFor(QualityTarget.Default, RateDistortionTransform.Prediction))).ToImmutableArray();
        await using var cluster = Cluster(plans);
        var sessions = plans.Select((_, index) => cluster.StartSession(Quill.Prompt(index), change: options => options with { GeneratedCountMax = 24, EndTokens = [] })).ToList();
        cluster.RunUntilEnded(sessions);

        for (var index = 0; index < plans.Length; index++)
            Assert.Equal(Undisturbed.Tokens(plans[index], Quill.Prompt(index), SamplingOptions.Greedy, 24), sessions[index].Tokens);
    }

    /// <summary>The keys and values of some of the worker's layers, those of the session.</summary>
    [Fact]
    public async Task Session_HandedOverToAWorkerOfMoreLayers_GivesTheSameTokens()
    {
        var plan = new FixedPlan(ExecutionMode.Handoff, 4, CompressionOptions.Lossless);
        await using var cluster = Cluster([plan]);
        var session = cluster.StartSession(Quill.Prompt(3), change: options => options with
        {
            GeneratedCountMax = 30,
            EndTokens = [],
            Handoff = new HandoffOptions { TokenCountMax = 12, Config = Quill.Config, KvFormat = Inference.KvCaching.KvFormat.Float16, Shipment = KvShipment.Exact },
        });
        cluster.RunUntilEnded(session);

        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), SamplingOptions.Greedy, 30), session.Tokens);
        Assert.Equal(KvShipment.Exact, Assert.Single(session.Events.OfType<SessionMoved>()).Exit!.Shipment);
        cluster.RunUntil(() => cluster.WorkerPools.TrueForAll(pools => pools.BytesAllocated == 0));
    }

    /// <summary>
    /// A worker of all layers, and the given plan for session 1, 2 and so on: the scheduler, which has one plan for all, takes the worker for one of
    /// cloud sessions.
    /// </summary>
    private static SimulatedCluster Cluster(ImmutableArray<FixedPlan> plans)
    {
        var cluster = new SimulatedCluster(new FixedPlan(ExecutionMode.Cloud, 0, CompressionOptions.Lossless));
        cluster.StartWorker("worker/1");
        cluster.Network.Replace = message => message.Body is Plan plan ? With(plan, plans[(int)plan.SessionId - 1]) : message.Body;
        return cluster;
    }

    private static Plan With(Plan plan, FixedPlan chosen) =>
        new(plan) { Mode = chosen.Mode, SplitLayer = (uint)chosen.SplitLayer, Compression = chosen.Compression.ToMessage() };
}
