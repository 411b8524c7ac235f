using System.Diagnostics;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd;

/// <summary>The arithmetic alone, on one thread and without actors: the floor of what a mode can take per token.</summary>
internal sealed class EngineLoop : IDisposable
{
    private readonly Checkpoint _checkpoint = Checkpoint.Open(Repository.Quill);
    private readonly Segment _model;
    private readonly Workspace _workspace;
    private readonly float[] _hidden;
    private readonly float[] _logits;

    public EngineLoop()
    {
        _model = Segment.Load(_checkpoint, new LayerRange(0, _checkpoint.Config.LayerCount));
        _workspace = new Workspace(_checkpoint.Config, rowCountMax: 1, ComputeThreads.Single);
        _hidden = new float[_checkpoint.Config.HiddenSize];
        _logits = new float[_checkpoint.Config.VocabularySize];
    }

    /// <summary>Bytes of weights that one token reads.</summary>
    public long WeightBytes => _checkpoint.FileBytes;

    /// <summary>Greedy tokens per second over a fresh sequence.</summary>
    public double TokensPerSecond(int tokenCount)
    {
        using var cache = _model.CreateCache(tokenCount);
        var sampler = new Sampler();
        var token = _checkpoint.Config.BosTokenId!.Value;
        var started = Stopwatch.GetTimestamp();
        for (var position = 0; position < tokenCount; position++)
        {
            _model.Embed([token], _hidden);
            _model.Forward([new SequenceRows(cache, position, 1)], _hidden, _workspace);
            _model.Logits(_hidden, _logits, _workspace);
            token = sampler.Sample(_logits, SamplingOptions.Greedy, [], position + 1);
        }

        return tokenCount / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        _workspace.Dispose();
        _checkpoint.Dispose();
    }
}
