using System.Diagnostics;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.KvCaching;

/// <summary>
/// Keys and values of one sequence for the layers of one segment, in pages of a <see cref="KvPagePool"/>: it holds as many as its tokens
/// need. Belongs to one thread at a time, except <see cref="Dispose"/> and <see cref="TryRetain"/>: whoever computes retains it, so that a
/// sequence dropped meanwhile gives its pages back only after the computation.
/// </summary>
public sealed unsafe class KvCache : IDisposable
{
    private readonly KvPagePool _pool;
    private readonly bool _ownsPool;
    private readonly nint[] _pages; // of the longest sequence, so that growing allocates nothing
    private int _pageCount;
    private int _users = 1;
    private int _isDisposed;

    /// <param name="pool">Outlives the cache or is disposed before it; either is fine.</param>
    /// <param name="tokenCountMax">Most positions that it may ever hold.</param>
    public KvCache(KvPagePool pool, int tokenCountMax)
        : this(pool, tokenCountMax, ownsPool: false)
    {
    }

    /// <summary>A cache with a pool of its own, which has room for all its tokens.</summary>
    public KvCache(KvLayout layout, int tokenCountMax)
        : this(new KvPagePool(layout, layout.BytesFor(Math.Max(0, tokenCountMax))), tokenCountMax, ownsPool: true)
    {
    }

    private KvCache(KvPagePool pool, int tokenCountMax, bool ownsPool)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCountMax);
        (_pool, _ownsPool) = (pool, ownsPool);
        TokenCountMax = tokenCountMax;
        _pages = pool.Layout.PageBytes == 0 ? [] : new nint[KvLayout.PagesFor(tokenCountMax)];
    }

    public KvLayout Layout => _pool.Layout;

    public int TokenCountMax { get; }

    /// <summary>Positions that hold a token.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Bytes of the pages that it holds.</summary>
    public long ByteCount => _pageCount * Layout.PageBytes;

    /// <summary>Keeps the pages until <see cref="Release"/>, even if the cache is disposed meanwhile.</summary>
    /// <returns>False if it is disposed already.</returns>
    public bool TryRetain()
    {
        for (var users = Volatile.Read(ref _users); users > 0 && Volatile.Read(ref _isDisposed) == 0; users = Volatile.Read(ref _users))
        {
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
                return true;
        }

        return false;
    }

    /// <summary>Ends what <see cref="TryRetain"/> began.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) > 0)
            return;
        TokenCount = 0;
        ReturnPages(0);
        if (_ownsPool)
            _pool.Dispose();
    }

    /// <summary>Gives all pages back, once nobody retains it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            Release();
    }

    /// <summary>Forgets the tokens from <paramref name="position"/> on, and gives back the pages that held only them.</summary>
    public void Truncate(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        TokenCount = Math.Min(TokenCount, position);
        ReturnPages(KvLayout.PagesFor(TokenCount));
    }

    /// <summary>Makes room for tokens at <paramref name="position"/> … <c>position + count − 1</c>; later ones are forgotten.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position or count is negative, the position would leave a gap, or it exceeds the limit.</exception>
    /// <exception cref="KvPoolExhaustedException">The pool has too few pages left.</exception>
    /// <remarks>After an exception nothing has changed.</remarks>
    internal void Reserve(int position, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, TokenCountMax - position);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _users) == 0, this);
        if (_pages.Length > 0)
            RentPages(KvLayout.PagesFor(position + count));
        TokenCount = position + count;
        ReturnPages(KvLayout.PagesFor(TokenCount));
    }

    /// <summary>Stores key and value of one position, layer and KV head.</summary>
    /// <param name="layer">Counted within the segment.</param>
    /// <param name="kvHead">One thread at a time per layer and KV head.</param>
    /// <param name="position">Reserved.</param>
    /// <param name="key">[D], already rotated</param>
    /// <param name="value">[D]</param>
    internal void Write(int layer, int kvHead, int position, ReadOnlySpan<float> key, ReadOnlySpan<float> value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Layout.HeadDim, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, Layout.HeadDim, nameof(value));
        var page = PageOf(layer, kvHead, position);
        var slot = position % KvLayout.PagePositions;
        byte* keys = page + Layout.KeyOffset(layer, kvHead), values = page + Layout.ValueOffset(layer, kvHead);
        switch (Layout.Format)
        {
            case KvFormat.Float32: Write<Float32Block>(keys, values, slot, key, value); break;
            case KvFormat.Float16: Write<Float16Block>(keys, values, slot, key, value); break;
            case KvFormat.Int8: Write<Int8Block>(keys, values, slot, key, value); break;
            case KvFormat.Int4: Write<Int4Block>(keys, values, slot, key, value); break;
            default: throw new UnreachableException();
        }

        GC.KeepAlive(this); // or its pages could be freed by now
    }

    /// <summary>Copies key and value of one position, layer and KV head out of the cache, as they are stored.</summary>
    /// <param name="layer">Counted within the segment.</param>
    /// <param name="kvHead">Of the layer.</param>
    /// <param name="position">Of a token.</param>
    /// <param name="key">[<see cref="KvStoredVector.ByteCount"/>]</param>
    /// <param name="value">[<see cref="KvStoredVector.ByteCount"/>]</param>
    internal void ReadStored(int layer, int kvHead, int position, Span<byte> key, Span<byte> value)
    {
        var page = PageOf(layer, kvHead, position);
        var slot = position % KvLayout.PagePositions;
        byte* keys = page + Layout.KeyOffset(layer, kvHead), values = page + Layout.ValueOffset(layer, kvHead);
        KvStoredVector.Gather(Layout, keys, slot, first: slot, stride: KvLayout.PagePositions, key);
        KvStoredVector.Gather(Layout, values, slot, first: slot * Layout.HeadDim, stride: 1, value);
        GC.KeepAlive(this);
    }

    /// <summary>Puts back what <see cref="ReadStored"/> gave, into a cache of the same format.</summary>
    internal void WriteStored(int layer, int kvHead, int position, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var page = PageOf(layer, kvHead, position);
        var slot = position % KvLayout.PagePositions;
        byte* keys = page + Layout.KeyOffset(layer, kvHead), values = page + Layout.ValueOffset(layer, kvHead);
        KvStoredVector.Scatter(Layout, keys, slot, first: slot, stride: KvLayout.PagePositions, key);
        KvStoredVector.Scatter(Layout, values, slot, first: slot * Layout.HeadDim, stride: 1, value);
        GC.KeepAlive(this);
    }

    internal byte* Page(int index) => (byte*)_pages[index];

    /// <summary>The page of a position that holds a token, checked together with layer and head.</summary>
    private byte* PageOf(int layer, int kvHead, int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)TokenCount, nameof(position));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)Layout.LayerCount, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)kvHead, (uint)Layout.KvHeadCount, nameof(kvHead));
        return Page(position / KvLayout.PagePositions);
    }

    private static void Write<TBlock>(byte* keys, byte* values, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value)
        where TBlock : struct, IKvBlock
    {
        TBlock.Write(keys, slot, first: slot, stride: KvLayout.PagePositions, key);
        TBlock.Write(values, slot, first: slot * value.Length, stride: 1, value);
    }

    private void RentPages(int pageCount)
    {
        var before = _pageCount;
        try
        {
            while (_pageCount < pageCount)
            {
                var page = _pool.Rent(pageCountWanted: _pages.Length - _pageCount);
                _pages[_pageCount++] = (nint)page;
            }
        }
        catch
        {
            ReturnPages(before);
            throw;
        }
    }

    private void ReturnPages(int pageCount)
    {
        while (_pageCount > pageCount)
            _pool.Return((byte*)_pages[--_pageCount]);
    }
}
