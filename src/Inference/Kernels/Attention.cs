using System.Diagnostics;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Kernels;

/// <summary>Neighbouring rows of one sequence that attend to one KV head of one layer, with all query heads of that KV head.</summary>
/// <param name="Layer">Counted within the cache.</param>
/// <param name="KvHead">g: its query heads are g·G … g·G + G − 1.</param>
/// <param name="Position">Of the first row.</param>
/// <param name="RowCount">At most <see cref="Attention.RowsPerTile"/>.</param>
internal readonly record struct AttentionTile(int Layer, int KvHead, int Position, int RowCount);

/// <summary>
/// Causal grouped-query attention [arXiv 2305.13245] over a paged cache: for each row at position p and head h with its KV head g,
/// <c>a = softmax(q_h·K_gᵀ / √D)</c> over positions 0 … p, <c>y_h = a·V_g</c>. A score adds d, and an output adds positions, in ascending
/// order with fused multiply-add, so a row's bits depend neither on the tile that it is in nor on the pages. Tiles share no state: several
/// threads may each run one, with a scratch buffer each.
/// </summary>
internal static class Attention
{
    private const int PairsPerTile = 32;    // pairs of row and head that share one decoding of a block
    private const int TileScoresMax = 1 << 16; // floats: beyond it scores would leave the second level cache

    /// <summary>Rows that make a good tile.</summary>
    /// <param name="headsPerKvHead">G</param>
    /// <param name="positionCount">Positions that the last row attends to.</param>
    public static int RowsPerTile(int headsPerKvHead, int positionCount) =>
        Math.Max(1, Math.Min(PairsPerTile, TileScoresMax / Math.Max(1, positionCount)) / headsPerKvHead);

    /// <summary>Floats of scratch that suffice for tiles of up to so many positions.</summary>
    public static int ScratchCount(int headDim, int headsPerKvHead, int positionCount)
    {
        var count = 0;
        for (var rows = RowsPerTile(headsPerKvHead, 1); rows > 1; rows--)
            count = Math.Max(count, AttentionScratch.Count(headDim, rows * headsPerKvHead, Math.Min(positionCount, TileScoresMax / (rows * headsPerKvHead))));
        return Math.Max(count, AttentionScratch.Count(headDim, headsPerKvHead, positionCount));
    }

    /// <param name="cache">Holds the rows' own keys and values too.</param>
    /// <param name="tile">Which rows, layer and KV head.</param>
    /// <param name="query">[rows, H·D], already rotated</param>
    /// <param name="output">[rows, H·D]; the columns of the tile's heads are written.</param>
    /// <param name="scratch">At least <see cref="ScratchCount"/> for its positions.</param>
    /// <exception cref="ArgumentException">The tile is not in the cache, or sizes do not fit each other.</exception>
    public static unsafe void Attend(KvCache cache, AttentionTile tile, ReadOnlySpan<float> query, Span<float> output, Span<float> scratch)
    {
        var headCount = Check(cache, tile, query.Length, output.Length);
        var pairCount = tile.RowCount * (headCount / cache.Layout.KvHeadCount);
        var needed = AttentionScratch.Count(cache.Layout.HeadDim, pairCount, tile.Position + tile.RowCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(scratch.Length, needed, nameof(scratch));
        fixed (float* queries = query, outputs = output, buffers = scratch)
        {
            var run = new AttentionRun(cache, tile, queries, outputs, headCount, buffers);
            switch (cache.Layout.Format)
            {
                case KvFormat.Float32: run.Execute<Float32Block>(); break;
                case KvFormat.Float16: run.Execute<Float16Block>(); break;
                case KvFormat.Int8: run.Execute<Int8Block>(); break;
                case KvFormat.Int4: run.Execute<Int4Block>(); break;
                default: throw new UnreachableException();
            }
        }

        GC.KeepAlive(cache); // its pages would be freed with the last reference
    }

    /// <summary>The scalar reference of <see cref="Attend"/>, in double precision over plain arrays, for one row.</summary>
    /// <param name="query">[H, D], already rotated</param>
    /// <param name="keys">[positions, Hkv, D]</param>
    /// <param name="values">[positions, Hkv, D]</param>
    /// <param name="headDim">D</param>
    /// <param name="kvWidth">Hkv·D</param>
    /// <param name="output">[H, D]</param>
    public static void AttendScalar(
        ReadOnlySpan<float> query, ReadOnlySpan<float> keys, ReadOnlySpan<float> values, int headDim, int kvWidth, Span<float> output)
    {
        var headCount = query.Length / headDim;
        var scores = new float[keys.Length / kvWidth];
        for (var head = 0; head < headCount; head++)
        {
            var offset = head / (headCount / (kvWidth / headDim)) * headDim;
            for (var position = 0; position < scores.Length; position++)
            {
                var sum = 0.0;
                for (var i = 0; i < headDim; i++)
                    sum += (double)query[(head * headDim) + i] * keys[(position * kvWidth) + offset + i];
                scores[position] = (float)(sum / Math.Sqrt(headDim));
            }

            Softmax.ApplyScalar(scores);
            for (var i = 0; i < headDim; i++)
            {
                var sum = 0.0;
                for (var position = 0; position < scores.Length; position++)
                    sum += (double)scores[position] * values[(position * kvWidth) + offset + i];
                output[(head * headDim) + i] = (float)sum;
            }
        }
    }

    /// <returns>H</returns>
    private static int Check(KvCache cache, AttentionTile tile, int queryLength, int outputLength)
    {
        var layout = cache.Layout;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)tile.Layer, (uint)layout.LayerCount, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)tile.KvHead, (uint)layout.KvHeadCount, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfNegative(tile.Position, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tile.RowCount, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tile.RowCount, cache.TokenCount - tile.Position, nameof(tile));
        var headCount = queryLength / tile.RowCount / layout.HeadDim;
        return queryLength == outputLength && queryLength == tile.RowCount * headCount * layout.HeadDim && headCount > 0 && headCount % layout.KvHeadCount == 0
            ? headCount
            : throw new ArgumentException($"{queryLength} query and {outputLength} output floats for {tile.RowCount} rows, {layout.KvHeadCount} KV heads of {layout.HeadDim}.", nameof(cache));
    }
}
