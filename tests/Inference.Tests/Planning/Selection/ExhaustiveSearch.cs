using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Inference.Tests.Planning.Selection;

/// <summary>The planner's task once more, as loops over numbers that are written out here.</summary>
internal static class ExhaustiveSearch
{
    /// <summary>A candidate by number: what it needs of each limit, and what it is worth.</summary>
    public sealed record Row(SplitChoice Choice, double[] Needed, double TokenSeconds, long Psi, bool IsSplit);

    public static List<Row> Rows(PlanningProblem problem, IAccuracyModel accuracy)
    {
        var rows = new List<Row>();
        var layers = problem.Config.LayerCount;
        var whole = problem.DeviceLoad.Share == DeviceShare.WholeModel;
        for (var split = 0; split <= layers; split++)
        {
            foreach (var frontWeights in split == 0 ? [problem.Worker!.Weights] : problem.FrontWeights)
            {
                foreach (var frontKv in split == 0 ? [problem.Worker!.Kv] : problem.FrontKv)
                {
                    foreach (var backWeights in split == layers ? [frontWeights] : whole && split > 0 ? problem.BackWeights : [problem.Worker!.Weights])
                    {
                        foreach (var backKv in split == layers ? [frontKv] : whole && split > 0 ? problem.BackKv : [problem.Worker!.Kv])
                            rows.Add(Predict(problem, accuracy, new SplitChoice(split, frontWeights, backWeights, frontKv, backKv)));
                    }
                }
            }
        }

        return rows;
    }

    /// <summary>The best by the rules; null if none keeps all limits.</summary>
    public static Row? Best(PlanningProblem problem, IAccuracyModel accuracy)
    {
        double[] limits = [problem.MemoryBytesMax, problem.PerplexityRiseMax, problem.DeadlineSeconds];
        Row? bestUnsplit = null, bestSplit = null;
        var rows = Rows(problem, accuracy).Where(row => row.Needed.Zip(limits).All(pair => pair.First <= pair.Second)).ToList();
        foreach (var row in rows.Where(row => !row.IsSplit))
        {
            if (bestUnsplit is null || IsLess(SpeedFirst(row), SpeedFirst(bestUnsplit)))
                bestUnsplit = row;
        }

        foreach (var row in rows.Where(row => row.IsSplit && !(row.TokenSeconds > 0.95 * bestUnsplit?.TokenSeconds)))
        {
            if (bestSplit is null || IsLess(BitsFirst(row), BitsFirst(bestSplit)))
                bestSplit = row;
        }

        return bestSplit ?? bestUnsplit;

        static double[] SpeedFirst(Row row) => [row.TokenSeconds, -row.Psi, row.Needed[1], row.Needed[0]];
        static double[] BitsFirst(Row row) => [-row.Psi, row.TokenSeconds, row.Needed[1], row.Needed[0]];
    }

    private static Row Predict(PlanningProblem problem, IAccuracyModel accuracy, SplitChoice choice)
    {
        var (layers, split) = (problem.Config.LayerCount, choice.SplitLayer);
        var tokenCount = Math.Min(problem.DeviceLoad.TokenCountMax, problem.Config.ContextLength);
        var bytes = split == 0 ? problem.Traffic.TokenIdBytes : split < layers ? problem.Traffic.HiddenStateBytes[split - 1] : 0;
        var (expected, worst) = (Compute((problem.PromptTokens + tokenCount) / 2.0), Compute(tokenCount));
        if (split < layers)
        {
            expected += problem.Uplink.ExpectedSeconds(bytes) + problem.Downlink.ExpectedSeconds(problem.Traffic.TokenIdBytes) + problem.Worker!.QueueSeconds;
            worst += problem.Uplink.WorstCaseSeconds(bytes) + problem.Downlink.WorstCaseSeconds(problem.Traffic.TokenIdBytes) + problem.Worker!.QueueSeconds;
        }

        var psi = 0L;
        for (var k = 1; k <= layers; k++)
            psi += k <= split ? (int)choice.FrontKv : (int)choice.BackKv;
        double[] needed = [DeviceMemory.Of(problem.Config, choice, problem.DeviceLoad).ByteCount, accuracy.PerplexityRise(choice) ?? double.PositiveInfinity, worst];
        return new Row(choice, needed, Math.Round(expected, 9), psi, split > 0 && split < layers);

        double Compute(double context)
        {
            var (device, worker, batch) = (problem.Device, problem.Worker!, problem.Worker!.BatchSize);
            var seconds = 0.0;
            if (split > 0)
            {
                var profile = device.Formats[(choice.FrontWeights, choice.FrontKv)];
                seconds += profile.Embedding.PassSeconds + profile.Embedding.RowSeconds;
                seconds += split * (profile.DecodeLayer.PassSeconds + profile.DecodeLayer.RowSeconds + (context * profile.DecodeLayer.PositionSeconds));
                seconds += split == layers ? profile.Head.PassSeconds + profile.Head.RowSeconds : 0;
            }

            if (split < layers)
            {
                var profile = worker.Profile.Formats[(worker.Weights, worker.Kv)];
                seconds += split == 0 ? profile.Embedding.PassSeconds + (batch * profile.Embedding.RowSeconds) : 0;
                seconds += (layers - split)
                    * (profile.DecodeLayer.PassSeconds + (batch * profile.DecodeLayer.RowSeconds) + (batch * context * profile.DecodeLayer.PositionSeconds));
                seconds += profile.Head.PassSeconds + (batch * profile.Head.RowSeconds);
            }

            return seconds;
        }
    }

    private static bool IsLess(double[] first, double[] second)
    {
        for (var i = 0; i < first.Length; i++)
        {
            if (first[i] != second[i])
                return first[i] < second[i];
        }

        return false;
    }
}
