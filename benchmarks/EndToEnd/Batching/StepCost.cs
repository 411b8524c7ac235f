using System.Diagnostics;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.EndToEnd.Batching;

/// <summary>What the worker's decisions alone take: steps of so many sessions arrive, become a batch, and are answered.</summary>
internal static class StepCost
{
    private const int BatchCount = 2000;

    /// <returns>Microseconds of a batch of one token of each session.</returns>
    public static double MicrosecondsPerBatch(WorkerOptions options, OpenSession template, int sessionCount)
    {
        var state = new WorkerState(options with { SessionCountMax = sessionCount, ContextLength = BatchCount + 1, KvBytesMax = long.MaxValue });
        for (var session = 1; session <= sessionCount; session++)
        {
            var open = new OpenSession(template) { SessionId = (ulong)session, TokenCountMax = BatchCount + 1, PromptCount = 1 };
            (state, _) = BackendWorker.Step(state, new Received("edge", open), TimeSpan.Zero);
        }

        var started = Stopwatch.GetTimestamp();
        for (var batch = 0; batch < BatchCount; batch++)
        {
            var results = new List<EntryResult>();
            var now = Stopwatch.GetElapsedTime(started);
            for (var session = 1; session <= sessionCount; session++)
                Take(new Received("edge", new DecodeStep { SessionId = (ulong)session, Epoch = 1, Position = (uint)batch, TokenCount = 1, Samples = true, Tokens = new TokenIds { Ids = { 1 } } }));
            while (results.Count > 0) // the first alone, then the others: no device is quicker than this pass
            {
                var computed = new BatchComputed([.. results], DecodeUs: 0, ComputeUs: 1);
                results.Clear();
                Take(computed);
            }

            void Take(object message)
            {
                (state, var effects) = BackendWorker.Step(state, message, now);
                foreach (var effect in effects.OfType<WorkerEffect.ComputeBatch>())
                    results.AddRange(effect.Entries.Select(entry => new EntryResult(entry, Token: 1, Refusal: null, KvBytes: 1)));
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / BatchCount;
    }
}
