using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Models;

/// <summary>Scratch buffers of a forward pass over up to <see cref="RowCountMax"/> tokens. Belongs to one thread at a time.</summary>
public sealed class Workspace
{
    private const int AttendedFirst = 4096; // positions; a longer context gets its scratch when it is there

    private readonly ModelConfig _config;
    private readonly float[] _inverseFrequencies;
    private readonly float[] _rotary;
    private readonly float[] _normed;
    private readonly float[] _query;
    private readonly float[] _keys;
    private readonly float[] _values;
    private readonly float[] _attended;
    private readonly float[] _gate;
    private readonly float[] _up;
    private float[] _attentionScratch = [];

    /// <param name="config">Sizes of the model.</param>
    /// <param name="rowCountMax">Most tokens of one batch.</param>
    public Workspace(ModelConfig config, int rowCountMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCountMax);
        _config = config;
        RowCountMax = rowCountMax;
        _inverseFrequencies = RotaryEmbedding.InverseFrequencies(config.RopeTheta, config.HeadDim);
        _rotary = new float[rowCountMax * config.HeadDim];
        _normed = new float[rowCountMax * config.HiddenSize];
        _query = new float[rowCountMax * config.QueryWidth];
        _keys = new float[rowCountMax * config.KvWidth];
        _values = new float[rowCountMax * config.KvWidth];
        _attended = new float[rowCountMax * config.QueryWidth];
        _gate = new float[rowCountMax * config.IntermediateSize];
        _up = new float[rowCountMax * config.IntermediateSize];
        EnsureAttentionScratch(Math.Min(config.ContextLength, AttendedFirst));
    }

    public int RowCountMax { get; }

    internal int RowCount { get; private set; }

    internal Span<float> Normed => _normed.AsSpan(0, RowCount * _config.HiddenSize);          // [n, d]

    internal Span<float> Query => _query.AsSpan(0, RowCount * _config.QueryWidth);            // [n, H·D]

    internal Span<float> Keys => _keys.AsSpan(0, RowCount * _config.KvWidth);                 // [n, Hkv·D]

    internal Span<float> Values => _values.AsSpan(0, RowCount * _config.KvWidth);             // [n, Hkv·D]

    internal Span<float> Attended => _attended.AsSpan(0, RowCount * _config.QueryWidth);      // [n, H·D]

    internal Span<float> Gate => _gate.AsSpan(0, RowCount * _config.IntermediateSize);        // [n, F]

    internal Span<float> Up => _up.AsSpan(0, RowCount * _config.IntermediateSize);            // [n, F]

    /// <summary>For attention over the batch's positions.</summary>
    internal Span<float> AttentionScratch => _attentionScratch;

    /// <summary>cos and sin of a row's position [D].</summary>
    internal ReadOnlySpan<float> Rotary(int row) => _rotary.AsSpan(row * _config.HeadDim, _config.HeadDim);

    /// <summary>Sets the row count and fills the rotary tables of all rows.</summary>
    /// <exception cref="ArgumentException">The batch has more rows than there is room for.</exception>
    internal void Prepare(ReadOnlySpan<SequenceRows> batch)
    {
        var rowCount = 0;
        foreach (var rows in batch)
            rowCount += rows.Count;
        Resize(rowCount);

        var row = 0;
        foreach (var rows in batch)
        {
            EnsureAttentionScratch(rows.Position + rows.Count);
            for (var i = 0; i < rows.Count; i++, row++)
                RotaryEmbedding.ComputeTable(rows.Position + i, _inverseFrequencies, _rotary.AsSpan(row * _config.HeadDim, _config.HeadDim));
        }
    }

    /// <summary>Grows by doubling, up to what the context needs.</summary>
    private void EnsureAttentionScratch(int positionCount)
    {
        var headsPerKvHead = _config.HeadCount / _config.KvHeadCount;
        var count = Attention.ScratchCount(_config.HeadDim, headsPerKvHead, Math.Min(positionCount, _config.ContextLength));
        if (count > _attentionScratch.Length)
            _attentionScratch = new float[Math.Max(count, (int)Math.Min(2L * _attentionScratch.Length, Array.MaxLength))];
    }

    internal void Resize(int rowCount)
    {
        if (rowCount > RowCountMax)
            throw new ArgumentException($"The batch has {rowCount} rows; this workspace has room for {RowCountMax}.", nameof(rowCount));
        RowCount = rowCount;
    }
}
