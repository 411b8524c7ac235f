using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Memory;

namespace SplitActors.Inference.Kernels;

/// <summary>One tile of <see cref="Attention"/>. A pair is a row and one of the query heads, row by row.</summary>
internal readonly unsafe struct AttentionRun
{
    private const int SumGroup = 4;

    private readonly KvCache _cache;
    private readonly AttentionTile _tile;
    private readonly float* _query;
    private readonly float* _output;
    private readonly int _rowStride;
    private readonly int _headsPerKvHead;
    private readonly int _headDim;
    private readonly int _pairCount;
    private readonly int _pageCount;
    private readonly AttentionScratch _scratch;

    public AttentionRun(KvCache cache, AttentionTile tile, float* query, float* output, int headCount, float* scratch)
    {
        (_cache, _tile, _headDim) = (cache, tile, cache.Layout.HeadDim);
        _headsPerKvHead = headCount / cache.Layout.KvHeadCount;
        _rowStride = headCount * _headDim;
        var column = tile.KvHead * _headsPerKvHead * _headDim;
        _query = query + column;
        _output = output + column;
        _pairCount = tile.RowCount * _headsPerKvHead;
        _pageCount = KvLayout.PagesFor(tile.Position + tile.RowCount);
        _scratch = new AttentionScratch(scratch, _headDim, _pairCount, tile.Position + tile.RowCount);
    }

    public void Execute<TBlock>()
        where TBlock : struct, IKvBlock
    {
        PackQueries();
        for (var page = 0; page < _pageCount; page++)
            Scores<TBlock>(page);
        for (var pair = 0; pair < _pairCount; pair++)
            Softmax.Apply(new Span<float>(_scratch.Scores + (pair * (nint)_scratch.ScoreStride), PositionCount(pair)));
        new Span<float>(_scratch.Sums, _pairCount * _scratch.SumStride).Clear();
        for (var page = 0; page < _pageCount; page++)
            Sums<TBlock>(page);
        for (var pair = 0; pair < _pairCount; pair++)
            new Span<float>(_scratch.Sums + (pair * _scratch.SumStride), _headDim).CopyTo(new Span<float>(_output + Offset(pair), _headDim));
    }

    /// <summary>Positions that a pair attends to.</summary>
    private int PositionCount(int pair) => _tile.Position + (pair / _headsPerKvHead) + 1;

    /// <summary>Of a pair's head within query and output.</summary>
    private nint Offset(int pair) => (pair / _headsPerKvHead * (nint)_rowStride) + (pair % _headsPerKvHead * _headDim);

    /// <summary>Pairs of a group side by side; the last group is filled up with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackQueries()
    {
        for (var first = 0; first < _pairCount; first += AttentionScores.Group)
        {
            var width = GroupWidth(first);
            var packed = _scratch.Queries + (first * (nint)_headDim);
            if (first + width > _pairCount)
                new Span<float>(packed, width * _headDim).Clear();
            for (var i = 0; i < Math.Min(width, _pairCount - first); i++)
            {
                var query = _query + Offset(first + i);
                for (var d = 0; d < _headDim; d++)
                    packed[(d * width) + i] = query[d];
            }
        }
    }

    private int GroupWidth(int first) => _pairCount - first > AttentionScores.Half ? AttentionScores.Group : AttentionScores.Half;

    /// <summary>Scores of all pairs for a page; those after a pair's own position are not used.</summary>
    private void Scores<TBlock>(int page)
        where TBlock : struct, IKvBlock
    {
        var block = _cache.Page(page) + _cache.Layout.KeyOffset(_tile.Layer, _tile.KvHead);
        if (_pairCount <= AttentionScores.Group)
        {
            Prefetch(page + 1, _cache.Layout.KeyOffset(_tile.Layer, _tile.KvHead));
            ScoresOfGroup<TBlock>(block, page, first: 0);
            return;
        }

        AttentionScores.Widen<TBlock>(block, _headDim, _scratch.Block);
        for (var first = 0; first < _pairCount; first += AttentionScores.Group)
            ScoresOfGroup<Float32Block>((byte*)_scratch.Block, page, first);
    }

    private void ScoresOfGroup<TBlock>(byte* block, int page, int first)
        where TBlock : struct, IKvBlock
    {
        var queries = _scratch.Queries + (first * (nint)_headDim);
        var scores = _scratch.Scores + (first * (nint)_scratch.ScoreStride) + (page * KvLayout.PagePositions);
        var scale = 1f / MathF.Sqrt(_headDim);
        if (GroupWidth(first) == AttentionScores.Group)
            AttentionScores.Eight<TBlock>(block, queries, _headDim, scale, scores, _scratch.ScoreStride);
        else
            AttentionScores.Four<TBlock>(block, queries, _headDim, scale, scores, _scratch.ScoreStride);
    }

    private void Sums<TBlock>(int page)
        where TBlock : struct, IKvBlock
    {
        var block = _cache.Page(page) + _cache.Layout.ValueOffset(_tile.Layer, _tile.KvHead);
        if (_pairCount <= SumGroup)
        {
            Prefetch(page + 1, _cache.Layout.ValueOffset(_tile.Layer, _tile.KvHead));
            SumsOfGroup<TBlock>(block, page, first: 0);
            return;
        }

        AttentionSums<TBlock>.Widen(block, _headDim, SlotCount(_pairCount - 1, page), _scratch.Block);
        for (var first = 0; first < _pairCount; first += SumGroup)
            SumsOfGroup<Float32Block>((byte*)_scratch.Block, page, first);
    }

    /// <summary>Four pairs together as far as all of them attend, and then each to its own end: what follows is not there for it.</summary>
    private void SumsOfGroup<TBlock>(byte* block, int page, int first)
        where TBlock : struct, IKvBlock
    {
        var weights = _scratch.Scores + (first * (nint)_scratch.ScoreStride) + (page * KvLayout.PagePositions);
        var sums = _scratch.Sums + (first * (nint)_scratch.SumStride);
        var count = Math.Min(SumGroup, _pairCount - first);
        var common = count == SumGroup ? SlotCount(first, page) : 0;
        if (common > 0)
            AttentionSums<TBlock>.Four(block, _headDim, 0, common, weights, _scratch.ScoreStride, sums, _scratch.SumStride);
        for (var i = 0; i < count; i++, weights += _scratch.ScoreStride, sums += _scratch.SumStride)
        {
            var end = SlotCount(first + i, page);
            if (end > common)
                AttentionSums<TBlock>.One(block, _headDim, common, end, weights, sums, _scratch.SumStride);
        }
    }

    /// <summary>Asks for a block: the next page is elsewhere in memory, where the processor does not look by itself.</summary>
    private void Prefetch(int page, long offset)
    {
        if (!Sse.IsSupported || page >= _pageCount)
            return;
        var block = _cache.Page(page) + offset;
        for (var i = 0; i < _cache.Layout.BlockBytes; i += NativeBuffer.Alignment)
            Sse.Prefetch0(block + i);
    }

    /// <summary>Positions of a page that a pair attends to.</summary>
    private int SlotCount(int pair, int page) => Math.Clamp(PositionCount(pair) - (page * KvLayout.PagePositions), 0, KvLayout.PagePositions);
}
