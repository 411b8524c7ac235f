using System.Globalization;
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

    private static readonly MemoryBudget Budget = new(); // of all buffers

    /// <param name="byteCount">At least 1. The content is undefined.</param>
    /// <exception cref="UserErrorException">All buffers together would take more than the machine or the container has.</exception>
    public NativeBuffer(long byteCount)
        : base(ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byteCount);
        TakeMemory(byteCount);
        ByteCount = byteCount;
        var isLarge = byteCount >= HugePageBytes;
        var pointer = Allocate(byteCount, isLarge ? HugePageBytes : Alignment);
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

    /// <summary>What the first bytes of a large buffer take where the system grants large pages.</summary>
    public static long ResidentBytes(long byteCount) => (byteCount + HugePageBytes - 1) / HugePageBytes * HugePageBytes;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        Budget.GiveBack(ByteCount);
        return true;
    }

    /// <summary>Linux grants more than there is, and ends the process when it is used.</summary>
    private static void TakeMemory(long byteCount)
    {
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (!Budget.TryTake(byteCount, available))
            throw TooMuch($"at most {Gibibytes(available)}", byteCount);
    }

    /// <exception cref="UserErrorException">The system refuses: it limits the process further.</exception>
    private static void* Allocate(long byteCount, int alignment)
    {
        try
        {
            return NativeMemory.AlignedAlloc((nuint)byteCount, (nuint)alignment);
        }
        catch (OutOfMemoryException)
        {
            Budget.GiveBack(byteCount);
            throw TooMuch("no more than the system gives", byteCount);
        }
    }

    private static UserErrorException TooMuch(string expected, long byteCount) => new(
        UserErrorKind.Memory, "Memory", expected, $"{Gibibytes(Budget.InUseBytes)} in use and {Gibibytes(byteCount)} more asked for",
        "Take fewer bits, a shorter context, a smaller batch or model, or a part of the model.");

    private static string Gibibytes(long byteCount) => string.Create(CultureInfo.InvariantCulture, $"{(double)byteCount / (1L << 30):0.##} GiB");

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
