using System.IO.MemoryMappedFiles;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// A whole file mapped read-only, with 64-bit offsets. The pages are the operating system's cache: nothing is copied, and
/// memory pressure drops them without writing. The file must not be truncated while it is mapped; no process can guard itself
/// against that (reading such a page ends it).
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _mapping; // null for an empty file, which cannot be mapped
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _pointer;
    private bool _disposed;

    private MappedFile(string path)
    {
        Path = path;
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Length = RandomAccess.GetLength(handle);
        if (Length == 0)
            return;

        _mapping = MemoryMappedFile.CreateFromFile(
            handle, mapName: null, Length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(offset: 0, Length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += _view.PointerOffset;
    }

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="UserErrorException">The file is not there or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        var file = CheckpointFile.Open(path, p => new MappedFile(p));
        try
        {
            GitLfsPointer.Refuse(path, file.Slice(0, (int)Math.Min(file.Length, GitLfsPointer.BytesMax)));
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The first of <paramref name="count"/> mapped bytes from <paramref name="offset"/> on.</summary>
    public byte* PointerTo(long offset, long count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length - offset);
        return _pointer + offset;
    }

    public ReadOnlySpan<byte> Slice(long offset, int count) => new(PointerTo(offset, count), count);

    public void Dispose()
    {
        if (_disposed)
            return;

        _disposed = true;
        _pointer = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _mapping?.Dispose();
    }
}
