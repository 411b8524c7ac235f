using SplitActors.Inference.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>Operations on each row by itself, which threads share when there are many.</summary>
internal readonly ref struct RowWork : IParallelWork
{
    /// <summary>Floats of a chunk: some ten microseconds.</summary>
    private const int ChunkFloats = 1 << 14;

    private readonly Span<float> _x;
    private readonly ReadOnlySpan<float> _weight;
    private readonly float _epsilon;
    private readonly Span<float> _y;
    private readonly int _chunkFloats;

    private RowWork(Span<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y, int width)
    {
        _x = x;
        _weight = weight;
        _epsilon = epsilon;
        _y = y;
        _chunkFloats = Math.Max(1, ChunkFloats / width) * width;
    }

    private int ChunkCount => (_y.Length + _chunkFloats - 1) / _chunkFloats;

    /// <summary>RMS norm of [n, d] into the workspace.</summary>
    public static void Normalize(Span<float> x, ReadOnlySpan<float> weight, float epsilon, Workspace workspace)
    {
        var work = new RowWork(x, weight, epsilon, workspace.Normed, weight.Length);
        workspace.Threads.Run(ref work, work.ChunkCount);
    }

    /// <summary>SwiGLU of the workspace's gate and up [n, F], in place of gate. Of one row threads share the columns.</summary>
    public static void SwiGlu(Workspace workspace)
    {
        var work = new RowWork(workspace.Up, [], epsilon: 0, workspace.Gate, Lanes.Count);
        workspace.Threads.Run(ref work, work.ChunkCount);
    }

    public void Execute(int chunk, int thread)
    {
        var start = chunk * _chunkFloats;
        var count = Math.Min(_chunkFloats, _y.Length - start);
        var x = _x.Slice(start, count);
        var y = _y.Slice(start, count);
        if (_weight.IsEmpty)
            Kernels.SwiGlu.Apply(y, x);
        else
            RmsNorm.Normalize(x, _weight, _epsilon, y);
    }
}
