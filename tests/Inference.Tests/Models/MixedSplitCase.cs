using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Sequences of several splits, each with the rows that it has in each of a few batches; printed as what is needed to make them again.</summary>
internal sealed record MixedSplitCase(int FirstSplit, int Seed, int ThreadCount)
{
    private const int StepCount = 3;
    private const int RowsMax = 96; // a batch may have more than one panel

    private static int Width => Quill.Config.HiddenSize;

    public static Gen<MixedSplitCase> Gen { get; } =
        from firstSplit in FsCheck.Fluent.Gen.Elements(0, 0, 3)
        from seed in FsCheck.Fluent.Gen.Choose(0, int.MaxValue)
        from threadCount in FsCheck.Fluent.Gen.Elements(1, 2, 3)
        select new MixedSplitCase(firstSplit, seed, threadCount);

    /// <summary>Hidden states of all steps with all sequences in one batch of one segment, which ends the model.</summary>
    public List<float[]> Together(Func<int, Segment> backs, KvFormat format)
    {
        var back = backs(FirstSplit);
        using var threads = new ComputeThreads(ThreadCount);
        using var workspace = new Workspace(Quill.Config, RowsMax, threads);
        var caches = Sequences().Select(sequence => backs(sequence.SplitLayer).CreateCache(StepCount * RowsMax, format)).ToList();
        var results = new List<float[]>();
        for (var step = 0; step < StepCount; step++)
        {
            var rows = Sequences().Select((sequence, i) => new SequenceRows(caches[i], caches[i].TokenCount, sequence.RowCounts[step])).ToArray();
            var hidden = Sequences().SelectMany((sequence, i) => Input(i, step, sequence.RowCounts[step])).ToArray();
            back.Forward(rows, hidden, workspace);
            results.Add(hidden);
        }

        caches.ForEach(cache => cache.Dispose());
        return results;
    }

    /// <summary>The same, each sequence through a segment of its own layers.</summary>
    public List<float[]> Apart(Func<int, Segment> backs, KvFormat format)
    {
        using var workspace = new Workspace(Quill.Config, RowsMax, ComputeThreads.Single);
        var results = Enumerable.Range(0, StepCount).Select(_ => new List<float>()).ToList();
        foreach (var (sequence, i) in Sequences().Select((sequence, i) => (sequence, i)))
        {
            var back = backs(sequence.SplitLayer);
            using var cache = back.CreateCache(StepCount * RowsMax, format);
            for (var step = 0; step < StepCount; step++)
            {
                var hidden = Input(i, step, sequence.RowCounts[step]);
                back.Forward([new SequenceRows(cache, cache.TokenCount, sequence.RowCounts[step])], hidden, workspace);
                results[step].AddRange(hidden);
            }
        }

        return [.. results.Select(hidden => hidden.ToArray())];
    }

    /// <summary>In the order of a batch: more layers first.</summary>
    private List<(int SplitLayer, int[] RowCounts)> Sequences()
    {
        var random = new Random(Seed);
        var sequences = Enumerable.Range(0, 1 + random.Next(7)).Select(_ => (
            SplitLayer: random.Next(FirstSplit, Quill.Config.LayerCount),
            RowCounts: new[] { 1 + random.Next(random.Next(2) == 0 ? 3 : 13), random.Next(3), 1 })).ToList(); // drawn before they are sorted
        return [.. sequences.OrderBy(sequence => sequence.SplitLayer)];
    }

    private float[] Input(int sequence, int step, int rowCount) => KernelInputs.Floats(Seed ^ (sequence << 8) ^ (step << 16), rowCount * Width);
}
