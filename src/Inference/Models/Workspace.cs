using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>Scratch memory of a forward pass over up to <see cref="RowCountMax"/> tokens, and the threads that run it. Serves one pass at a time.</summary>
public sealed unsafe class Workspace : IDisposable
{
    private const int PositionsFirst = 4096; // a longer context gets its scratch when it is there

    private readonly ModelConfig _config;
    private readonly float[] _inverseFrequencies;
    private readonly NativeBuffer _buffer;
    private readonly float* _rotary;
    private readonly float* _normed;
    private readonly float* _query;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _attended;
    private readonly float* _gate;
    private readonly float* _up;
    private readonly float* _sums;
    private readonly float[][] _attentionScratch; // of each thread

    /// <param name="config">Sizes of the model.</param>
    /// <param name="rowCountMax">Most tokens of one batch.</param>
    /// <param name="threads">Shared with other workspaces, and disposed by who made them.</param>
    public Workspace(ModelConfig config, int rowCountMax, ComputeThreads threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCountMax);
        _config = config;
        RowCountMax = rowCountMax;
        Threads = threads;
        _inverseFrequencies = RotaryEmbedding.InverseFrequencies(config.RopeTheta, config.HeadDim);
        Quantized = new QuantizedRows(rowCountMax, WidthMax(config));
        _attentionScratch = new float[threads.ThreadCount][];
        EnsureAttentionScratch(Math.Min(config.ContextLength, PositionsFirst));

        var widths = Widths(config);
        _ = checked(rowCountMax * widths.Max()); // a span counts in 32 bits
        var sumsCount = threads.ThreadCount * SumsCount;
        _buffer = new NativeBuffer((widths.Sum(width => Aligned(width)) + sumsCount) * sizeof(float));
        var next = (float*)_buffer.Pointer;
        _rotary = Take(ref next, widths[0]);
        _normed = Take(ref next, widths[1]);
        _query = Take(ref next, widths[2]);
        _keys = Take(ref next, widths[3]);
        _values = Take(ref next, widths[4]);
        _attended = Take(ref next, widths[5]);
        _gate = Take(ref next, widths[6]);
        _up = Take(ref next, widths[7]);
        _sums = next;
    }

    /// <summary>What a workspace takes for each of its tokens, beside what it takes anyway.</summary>
    public static long BytesPerRow(ModelConfig config) => (Widths(config).Sum(width => (long)width) * sizeof(float)) + QuantizedRows.BytesPerRow(WidthMax(config));

    public int RowCountMax { get; }

    internal ComputeThreads Threads { get; }

    internal QuantizedRows Quantized { get; }

    internal int RowCount { get; private set; }

    internal Span<float> Normed => new(_normed, RowCount * _config.HiddenSize);          // [n, d]

    internal Span<float> Query => new(_query, RowCount * _config.QueryWidth);            // [n, H·D]

    internal Span<float> Keys => new(_keys, RowCount * _config.KvWidth);                 // [n, Hkv·D]

    internal Span<float> Values => new(_values, RowCount * _config.KvWidth);             // [n, Hkv·D]

    internal Span<float> Attended => new(_attended, RowCount * _config.QueryWidth);      // [n, H·D]

    internal Span<float> Gate => new(_gate, RowCount * _config.IntermediateSize);        // [n, F]

    internal Span<float> Up => new(_up, RowCount * _config.IntermediateSize);            // [n, F]

    internal static int SumsCount => 2 * ActivationPanel.TokensMax * TileLayout.TileRows;

    public void Dispose()
    {
        _buffer.Dispose();
        Quantized.Dispose();
    }

    /// <summary>cos and sin of a row's position [D].</summary>
    internal ReadOnlySpan<float> Rotary(int row) => new(_rotary + ((nint)row * _config.HeadDim), _config.HeadDim);

    /// <summary>A thread's sums of two tiles of quantized weights, each [tokens of a panel][16].</summary>
    internal float* Sums(int thread) => _sums + (thread * SumsCount);

    /// <summary>A thread's scratch for attention over the batch's positions.</summary>
    internal Span<float> AttentionScratch(int thread) => _attentionScratch[thread];

    /// <summary>Sets the row count and fills the rotary tables of all rows.</summary>
    /// <exception cref="ArgumentException">The batch has more rows than there is room for.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    internal void Prepare(ReadOnlySpan<SequenceRows> batch)
    {
        var rowCount = 0;
        foreach (var rows in batch)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(rows.Count, nameof(batch)); // it would make room for other rows, which there is not
            rowCount = checked(rowCount + rows.Count);
        }

        Resize(rowCount);

        var row = 0;
        foreach (var rows in batch)
        {
            EnsureAttentionScratch(rows.Position + rows.Count);
            for (var i = 0; i < rows.Count; i++, row++)
                RotaryEmbedding.ComputeTable(rows.Position + i, _inverseFrequencies, new Span<float>(_rotary + ((nint)row * _config.HeadDim), _config.HeadDim));
        }
    }

    internal void Resize(int rowCount)
    {
        ObjectDisposedException.ThrowIf(_buffer.IsClosed, this);
        if (rowCount > RowCountMax)
            throw new ArgumentException($"The batch has {rowCount} rows; this workspace has room for {RowCountMax}.", nameof(rowCount));
        RowCount = rowCount;
    }

    /// <summary>Grows by doubling, up to what the context needs.</summary>
    private void EnsureAttentionScratch(int positionCount)
    {
        var count = Attention.ScratchCount(_config.HeadDim, _config.HeadCount / _config.KvHeadCount, Math.Min(positionCount, _config.ContextLength));
        if (count <= (_attentionScratch[0]?.Length ?? 0))
            return;
        count = Math.Max(count, (int)Math.Min(2L * (_attentionScratch[0]?.Length ?? 0), Array.MaxLength));
        for (var thread = 0; thread < _attentionScratch.Length; thread++)
            _attentionScratch[thread] = new float[count];
    }

    /// <summary>Of a row of each array, in the order of the fields.</summary>
    private static int[] Widths(ModelConfig config) =>
        [config.HeadDim, config.HiddenSize, config.QueryWidth, config.KvWidth, config.KvWidth, config.QueryWidth, config.IntermediateSize, config.IntermediateSize];

    /// <summary>Of the inputs of matrices.</summary>
    private static int WidthMax(ModelConfig config) => Math.Max(config.HiddenSize, Math.Max(config.QueryWidth, config.IntermediateSize));

    private long Aligned(int width) => ((((long)RowCountMax * width) - 1) / Lanes.Count * Lanes.Count) + Lanes.Count;

    private float* Take(ref float* next, int width)
    {
        var taken = next;
        next += Aligned(width);
        return taken;
    }
}
