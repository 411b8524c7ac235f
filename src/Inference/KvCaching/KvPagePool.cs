using SplitActors.Inference.Memory;

namespace SplitActors.Inference.KvCaching;

/// <summary>
/// A bounded store of pages that several caches share, from any thread. Memory is taken from the operating system in chunks of about 2 MB
/// as it is needed; a page that comes back is given out again, the last one first. Disposing it lets no further page out and frees the
/// memory as soon as the last page is back.
/// </summary>
public sealed unsafe class KvPagePool : IDisposable
{
    private const long ChunkBytes = 2 << 20;

    private readonly Lock _gate = new();
    private readonly List<NativeBuffer> _chunks = [];
    private readonly long _pageCountMax;
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

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            FreeWhenUnused();
        }
    }

    /// <summary>A page of undefined content.</summary>
    /// <exception cref="KvPoolExhaustedException">All pages are in use.</exception>
    /// <exception cref="UserErrorException">There is no more memory.</exception>
    internal byte* Rent()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_free == null)
                Grow();
            var page = _free;
            _free = *(byte**)page;
            _pagesInUse++;
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
            FreeWhenUnused();
        }
    }

    private void Grow()
    {
        if (_pagesAllocated == _pageCountMax)
            throw new KvPoolExhaustedException(_pagesInUse * Layout.PageBytes, ByteCountMax);
        var pageCount = Math.Min(Math.Max(1, ChunkBytes / Layout.PageBytes), _pageCountMax - _pagesAllocated);
        var chunk = new NativeBuffer(pageCount * Layout.PageBytes);
        _chunks.Add(chunk);
        _pagesAllocated += pageCount;
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
        _free = null;
    }
}
