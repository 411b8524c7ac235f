using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>
/// Attention of a batch in one layer: rows are rotated and their keys and values written to the caches, then each tile of rows attends, one KV
/// head at a time, to its past and itself.
/// </summary>
internal readonly ref struct AttentionWork : IParallelWork
{
    private const int AppendedRowsMin = 8; // below it one thread writes all

    private readonly ModelConfig _config;
    private readonly ReadOnlySpan<SequenceRows> _batch;
    private readonly int _layersLeft;
    private readonly Workspace _buffers;
    private readonly bool _appends; // the first of the two steps

    private AttentionWork(ModelConfig config, ReadOnlySpan<SequenceRows> batch, int layersLeft, Workspace buffers, bool appends)
    {
        _config = config;
        _batch = batch;
        _layersLeft = layersLeft;
        _buffers = buffers;
        _appends = appends;
    }

    /// <param name="config">Sizes of the model.</param>
    /// <param name="batch">The sequences; their caches have room for these rows.</param>
    /// <param name="layersLeft">Layers from this one to the segment's last, with which every cache ends.</param>
    /// <param name="buffers">Query, keys and values of the batch, attended is written.</param>
    public static void Run(ModelConfig config, ReadOnlySpan<SequenceRows> batch, int layersLeft, Workspace buffers)
    {
        var appending = new AttentionWork(config, batch, layersLeft, buffers, appends: true);
        if (buffers.RowCount >= AppendedRowsMin)
            buffers.Threads.Run(ref appending, config.KvHeadCount);
        else
            ComputeThreads.RunAlone(ref appending, config.KvHeadCount);
        var attending = new AttentionWork(config, batch, layersLeft, buffers, appends: false);
        buffers.Threads.Run(ref attending, attending.CountTiles() * config.KvHeadCount);
    }

    public void Execute(int chunk, int thread)
    {
        if (_appends)
            Append(kvHead: chunk);
        else
            Attend(chunk, thread);
    }

    /// <summary>This layer's number within a cache.</summary>
    private int LayerOf(KvCache cache) => cache.Layout.LayerCount - _layersLeft;

    private static int TileCount(SequenceRows rows, int tileRows) => (rows.Count + tileRows - 1) / tileRows;

    private static Span<float> RowsOf(Span<float> rows, int first, int count, int width) => rows.Slice(first * width, count * width);

    /// <summary>Rotates a KV head's queries and keys and writes its keys and values, of all rows: neighbours share bytes of the cache.</summary>
    private void Append(int kvHead)
    {
        var (headDim, queryDims) = (_config.HeadDim, _config.HeadDim * (_config.HeadCount / _config.KvHeadCount));
        var row = 0;
        foreach (var rows in _batch)
        {
            for (var i = 0; i < rows.Count; i++, row++)
            {
                var key = _buffers.Keys.Slice((row * _config.KvWidth) + (kvHead * headDim), headDim);
                RotaryEmbedding.Rotate(_buffers.Query.Slice((row * _config.QueryWidth) + (kvHead * queryDims), queryDims), _buffers.Rotary(row));
                RotaryEmbedding.Rotate(key, _buffers.Rotary(row));
                rows.Cache.Write(LayerOf(rows.Cache), kvHead, rows.Position + i, key, _buffers.Values.Slice((row * _config.KvWidth) + (kvHead * headDim), headDim));
            }
        }
    }

    /// <summary>Later tiles, which have more positions, come first, so that the threads end together.</summary>
    private void Attend(int chunk, int thread)
    {
        var (tile, kvHead) = Math.DivRem(chunk, _config.KvHeadCount);
        var first = 0;
        foreach (var rows in _batch)
        {
            var tileRows = TileRows(rows);
            var tileCount = TileCount(rows, tileRows);
            if (tile < tileCount)
            {
                var start = (tileCount - 1 - tile) * tileRows;
                Attend(rows, start, Math.Min(tileRows, rows.Count - start), first + start, kvHead, thread);
                return;
            }

            tile -= tileCount;
            first += rows.Count;
        }
    }

    private int CountTiles()
    {
        var count = 0;
        foreach (var rows in _batch)
            count += TileCount(rows, TileRows(rows));
        return count;
    }

    private int TileRows(SequenceRows rows) => Attention.RowsPerTile(_config.HeadCount / _config.KvHeadCount, rows.Position + rows.Count);

    private void Attend(SequenceRows rows, int start, int count, int row, int kvHead, int thread) => Attention.Attend(
        rows.Cache,
        new AttentionTile(LayerOf(rows.Cache), kvHead, rows.Position + start, count),
        RowsOf(_buffers.Query, row, count, _config.QueryWidth),
        RowsOf(_buffers.Attended, row, count, _config.QueryWidth),
        _buffers.AttentionScratch(thread));
}
