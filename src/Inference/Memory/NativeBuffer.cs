using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SplitActors.Inference.Memory;

/// <summary>
/// Unmanaged memory for weights and caches: aligned for vector loads, and in 2 MB pages where the operating system grants them, which
/// spares the page walks of a stream through gigabytes. Freed when disposed, else when it is collected.
/// </summary>
internal sealed unsafe partial class NativeBuffer : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Alignment of every buffer: one cache line, one 512-bit register.</summary>
    public const int Alignment = 64;

    private const int HugePageBytes = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE of Linux' madvise(2)

    /// <param name="byteCount">At least 1. The content is undefined.</param>
    /// <exception cref="OutOfMemoryException">The operating system does not grant it.</exception>
    public NativeBuffer(long byteCount)
        : base(ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byteCount);
        ByteCount = byteCount;
        var isLarge = byteCount >= HugePageBytes;
        var pointer = NativeMemory.AlignedAlloc((nuint)byteCount, (nuint)(isLarge ? HugePageBytes : Alignment));
        SetHandle((nint)pointer);
        if (isLarge && OperatingSystem.IsLinux())
            _ = Advise(pointer, (nuint)byteCount, AdviseHugePages); // a refusal costs speed only
    }

    public long ByteCount { get; }

    /// <exception cref="ObjectDisposedException">It is freed.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)handle;
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
