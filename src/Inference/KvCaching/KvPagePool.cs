using SplitActors.Inference.Memory;

namespace SplitActors.Inference.KvCaching;

/// <summary>
/// A bounded store of pages that several caches share, from any thread. Memory is taken from the operating system in chunks of about 2 MB
/// as it is needed, and never more than the caches together may come to need; a page that comes back is given out again, the last one first.
/// Disposing it frees the memory as soon as the last page is back; caches in use may go on growing until then.
/// </summary>
public sealed unsafe class KvPagePool : IDisposable
{
    private const long ChunkBytes = 2 << 20;

    private readonly Lock _gate = new();
    private readonly List<NativeBuffer> _chunks = [];
    private readonly long _pageCountMax;
    private readonly KvPagePools? _owner;
    private byte* _free; // a free page begins with the address of the next one
    private long _pagesAllocated;
    private long _pagesInUse;
    private bool _isDisposed;

    /// <param name="layout">Of its pages.</param>
    /// <param name="byteCountMax">Most bytes of all pages together; a part of a page is not used.</param>
    public KvPagePool(KvLayout layout, long byteCountMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCountMax);
        Layout = layout;
        ByteCountMax = byteCountMax;
        _pageCountMax = layout.PageBytes == 0 ? 0 : byteCountMax / layout.PageBytes;
    }

    /// <summary>A pool of several, of which the owner keeps the sums.</summary>
    internal KvPagePool(KvLayout layout, long byteCountMax, KvPagePools owner)
        : this(layout, byteCountMax) =>
        _owner = owner;

    public KvLayout Layout { get; }

    public long ByteCountMax { get; }

    /// <summary>Bytes of the pages that caches hold.</summary>
    public long BytesInUse
    {
        get
        {
            lock (_gate)
                return _pagesInUse * Layout.PageBytes;
        }
    }

    /// <summary>Bytes taken from the operating system.</summary>
    public long BytesAllocated
    {
        get
        {
            lock (_gate)
                return _pagesAllocated * Layout.PageBytes;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            FreeWhenUnused();
        }
    }

    /// <summary>A page of undefined content.</summary>
    /// <param name="pageCountWanted">Pages that the cache may still come to hold, this one included: a chunk has no more.</param>
    /// <exception cref="KvPoolExhaustedException">All pages are in use.</exception>
    /// <exception cref="UserErrorException">There is no more memory.</exception>
    internal byte* Rent(int pageCountWanted)
    {
        lock (_gate)
        {
            if (_free == null)
                Grow(pageCountWanted);
            var page = _free;
            _free = *(byte**)page;
            _pagesInUse++;
            _owner?.AddInUse(Layout.PageBytes);
            return page;
        }
    }

    internal void Return(byte* page)
    {
        lock (_gate)
        {
            *(byte**)page = _free;
            _free = page;
            _pagesInUse--;
            _owner?.AddInUse(-Layout.PageBytes);
            FreeWhenUnused();
        }
    }

    private void Grow(int pageCountWanted)
    {
        if (_pagesAllocated == _pageCountMax)
            throw new KvPoolExhaustedException(_pagesInUse * Layout.PageBytes, ByteCountMax);
        var pageCount = Math.Min(Math.Clamp(ChunkBytes / Layout.PageBytes, 1, pageCountWanted), _pageCountMax - _pagesAllocated);
        var chunk = new NativeBuffer(pageCount * Layout.PageBytes);
        _chunks.Add(chunk);
        _pagesAllocated += pageCount;
        _owner?.AddAllocated(pageCount * Layout.PageBytes);
        for (var i = pageCount - 1; i >= 0; i--)
        {
            var page = chunk.Pointer + (i * Layout.PageBytes);
            *(byte**)page = _free;
            _free = page;
        }
    }

    private void FreeWhenUnused()
    {
        if (!_isDisposed || _pagesInUse > 0)
            return;
        _chunks.ForEach(chunk => chunk.Dispose());
        _chunks.Clear();
        _owner?.AddAllocated(-_pagesAllocated * Layout.PageBytes);
        _pagesAllocated = 0;
        _free = null;
    }
}
