using System.Diagnostics;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd.Batching;

/// <summary>What the same passes take without actors, messages, frames and sampling, and what reading the weights takes, at best: no batch can undercut that.</summary>
internal sealed class BatchFloor(ServedModel model, ComputeThreads threads) : IDisposable
{
    private const int RowCountMax = 64;
    private const int PassCount = 10;

    private readonly Workspace _workspace = new(model.Back.Config, RowCountMax, threads);
    private readonly float[] _hidden = new float[RowCountMax * model.Back.Config.HiddenSize];
    private readonly float[] _logits = new float[RowCountMax * model.Back.Config.VocabularySize];

    /// <summary>Layers and head over one token each of so many sequences, at the positions that sessions are at halfway.</summary>
    public double TokensPerSecond(int sequenceCount)
    {
        var position = model.PromptCount + (model.TokenCount / 2);
        var config = model.Back.Config;
        var caches = Enumerable.Range(0, sequenceCount).Select(_ => model.Back.CreateCache(position + PassCount)).ToList();
        for (var first = 0; first < position; first += RowCountMax)
        {
            var count = Math.Min(RowCountMax, position - first);
            foreach (var cache in caches)
                model.Back.Forward([new SequenceRows(cache, first, count)], Hidden(count), _workspace);
        }

        var fastest = TimeSpan.MaxValue;
        for (var pass = 0; pass < PassCount; pass++)
        {
            var hidden = Hidden(sequenceCount);
            var started = Stopwatch.GetTimestamp();
            model.Back.Forward([.. caches.Select(cache => new SequenceRows(cache, position + pass, 1))], hidden, _workspace);
            model.Back.Logits(hidden, _logits.AsSpan(0, sequenceCount * config.VocabularySize), _workspace);
            fastest = Least(fastest, Stopwatch.GetElapsedTime(started));
        }

        caches.ForEach(cache => cache.Dispose());
        return sequenceCount / fastest.TotalSeconds;
    }

    public double ReadsPerSecond()
    {
        var fastest = TimeSpan.MaxValue;
        for (var pass = 0; pass < PassCount; pass++)
        {
            var started = Stopwatch.GetTimestamp();
            model.Back.ReadWeights(threads);
            fastest = Least(fastest, Stopwatch.GetElapsedTime(started));
        }

        return 1 / fastest.TotalSeconds;
    }

    public void Dispose() => _workspace.Dispose();

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private Span<float> Hidden(int rowCount)
    {
        var hidden = _hidden.AsSpan(0, rowCount * model.Back.Config.HiddenSize);
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = ((i * 31 % 17) - 8) / 8f;
        return hidden;
    }
}
