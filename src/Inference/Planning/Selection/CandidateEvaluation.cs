using System.Collections.Immutable;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Planning.Selection;

/// <summary>Lists the candidates of a problem, and predicts what each would be like.</summary>
internal static class CandidateEvaluation
{
    private const int HandOvers = 2; // an actor hands a pass over to a thread, and gets the result

    /// <summary>
    /// ℓ from 0 to L, with every Q^w and Q^a that matters for it: with ℓ = 0 all is the worker's and with ℓ = L all is the device's, in one
    /// format; between them, from the worker's first layer on, the back is the worker's unless the device holds it too. Without a worker there is ℓ = L alone.
    /// </summary>
    public static IEnumerable<SplitChoice> Choices(PlanningProblem problem)
    {
        var layerCount = problem.Config.LayerCount;
        if (problem.Worker is not { } worker)
        {
            foreach (var weights in problem.FrontWeights)
            {
                foreach (var kv in problem.FrontKv)
                    yield return new SplitChoice(layerCount, weights, weights, kv, kv);
            }

            yield break;
        }

        if (problem.SplitLayerMin == 0)
            yield return new SplitChoice(0, worker.Weights, worker.Weights, worker.Kv, worker.Kv);
        var holdsBack = problem.DeviceLoad.Share == DeviceShare.WholeModel;
        var backs =
            from weights in holdsBack ? problem.BackWeights : [worker.Weights]
            from kv in holdsBack ? problem.BackKv : [worker.Kv]
            select (Weights: weights, Kv: kv);
        for (var split = Math.Max(1, problem.SplitLayerMin); split <= layerCount; split++)
        {
            foreach (var weights in problem.FrontWeights)
            {
                foreach (var kv in problem.FrontKv)
                {
                    foreach (var back in split < layerCount ? backs : [(weights, kv)])
                        yield return new SplitChoice(split, weights, back.Weights, kv, back.Kv);
                }
            }
        }
    }

    public static Candidate Evaluate(PlanningProblem problem, IAccuracyModel accuracy, SplitChoice choice)
    {
        var memory = DeviceMemory.Of(problem.Config, choice, problem.DeviceLoad);
        var rise = accuracy.PerplexityRise(choice);
        var tokenCount = Math.Min(problem.DeviceLoad.TokenCountMax, problem.Config.ContextLength);
        var uplinkBytes = problem.Traffic.UplinkBytes(choice.SplitLayer);
        var worst = Token(problem, choice, uplinkBytes, tokenCount, isWorstCase: true);

        var shortfalls = ImmutableArray.CreateBuilder<Shortfall>();
        Limit(Constraint.Memory, problem.MemoryBytesMax, memory.ByteCount);
        Limit(Constraint.Accuracy, problem.PerplexityRiseMax, rise ?? double.PositiveInfinity);
        Limit(Constraint.Deadline, problem.DeadlineSeconds, worst.Seconds);
        return new Candidate(
            choice, memory, rise, choice.ActivationBits(problem.Config.LayerCount),
            FirstToken(problem, choice, uplinkBytes),
            Token(problem, choice, uplinkBytes, (problem.PromptTokens + tokenCount) / 2.0, isWorstCase: false),
            worst, uplinkBytes, shortfalls.ToImmutable(), Verdict.Infeasible, string.Join("; ", shortfalls));

        void Limit(Constraint constraint, double limit, double needed)
        {
            if (!(needed <= limit))
                shortfalls.Add(new Shortfall(constraint, limit, needed));
        }
    }

    private static LatencyParts Token(PlanningProblem problem, SplitChoice choice, long uplinkBytes, double contextLength, bool isWorstCase)
    {
        var (splitLayer, backLayers) = (choice.SplitLayer, problem.Config.LayerCount - choice.SplitLayer);
        var edge = problem.Device.Session;
        var device = splitLayer == 0 ? 0
            : DeviceSeconds(problem, choice, rowCount: 1, profile => profile.DecodeSeconds(splitLayer, contextLength) + (backLayers > 0 ? profile.Wake.Seconds(splitLayer) : 0))
                + (HandOvers * edge.HandOverSeconds) + (backLayers > 0 ? edge.EncodeSeconds : 0);
        if (backLayers == 0)
            return new LatencyParts(device, Uplink: 0, Queue: 0, Worker: 0, Downlink: 0);
        var worker = problem.Worker!; // there is one wherever layers are left for it
        var remote = worker.Profile.Session;
        return new LatencyParts(
            device + edge.ArrivalSeconds, // of the token
            isWorstCase ? problem.Uplink.WorstCaseSeconds(uplinkBytes) : problem.Uplink.ExpectedSeconds(uplinkBytes),
            worker.QueueSeconds,
            WorkerSeconds(
                worker, choice, worker.BatchSize, worker.BatchSize,
                profile => profile.DecodeSeconds(backLayers, contextLength, worker.BatchSize) + profile.Wake.Seconds(backLayers))
                + remote.ArrivalSeconds + (HandOvers * remote.HandOverSeconds) + (splitLayer > 0 ? worker.BatchSize * remote.DecodeSeconds : 0),
            isWorstCase ? problem.Downlink.WorstCaseSeconds(problem.Traffic.TokenIdBytes) : problem.Downlink.ExpectedSeconds(problem.Traffic.TokenIdBytes));
    }

    private static LatencyParts FirstToken(PlanningProblem problem, SplitChoice choice, long uplinkBytes)
    {
        var (tokenCount, chunkRows) = (problem.PromptTokens, problem.DeviceLoad.ChunkRows);
        var device = choice.SplitLayer == 0 ? 0
            : DeviceSeconds(problem, choice, tokenCount, profile => profile.PrefillSeconds(choice.SplitLayer, tokenCount, chunkRows));
        var backLayers = problem.Config.LayerCount - choice.SplitLayer;
        if (backLayers == 0)
            return new LatencyParts(device, Uplink: 0, Queue: 0, Worker: 0, Downlink: 0);
        var worker = problem.Worker!;
        return new LatencyParts(
            device,
            problem.Uplink.ExpectedSeconds(tokenCount * uplinkBytes),
            worker.QueueSeconds,
            WorkerSeconds(worker, choice, tokenCount, headRows: 1, profile => profile.PrefillSeconds(backLayers, tokenCount, chunkRows)),
            problem.Downlink.ExpectedSeconds(problem.Traffic.TokenIdBytes));
    }

    /// <summary>Embedding, its layers, and the head of one row if it has all layers.</summary>
    private static double DeviceSeconds(PlanningProblem problem, SplitChoice choice, int rowCount, Func<ComputeProfile, double> layers)
    {
        var profile = problem.Device.For(choice.FrontWeights, choice.FrontKv);
        var headSeconds = choice.SplitLayer == problem.Config.LayerCount ? profile.HeadSeconds(1) : 0;
        return profile.EmbeddingSeconds(rowCount) + layers(profile) + headSeconds;
    }

    /// <summary>The embedding if it has all layers, its layers, and the head.</summary>
    private static double WorkerSeconds(WorkerSituation worker, SplitChoice choice, int rowCount, int headRows, Func<ComputeProfile, double> layers)
    {
        var profile = worker.Profile.For(worker.Weights, worker.Kv);
        var embeddingSeconds = choice.SplitLayer == 0 ? profile.EmbeddingSeconds(rowCount) : 0;
        return embeddingSeconds + layers(profile) + profile.HeadSeconds(headRows);
    }
}
