using System.Runtime.InteropServices;

namespace SplitActors.Inference.Kernels.MachineCode;

/// <summary>Memory that the CPU runs, and that nothing can write any more.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int Read = 1;
    private const int Write = 2;
    private const int Execute = 4;
    private const int PrivateAnonymous = 0x22; // of Linux

    /// <summary>For the rest of the process; null where the system does not let it.</summary>
    /// <param name="code">x64, position independent.</param>
    public static void* TryLoad(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return null;
        var length = (nuint)code.Length;
        var memory = Map(null, length, Read | Write, PrivateAnonymous, file: -1, offset: 0);
        if ((nint)memory == -1)
            return null;
        code.CopyTo(new Span<byte>(memory, code.Length));
        if (Protect(memory, length, Read | Execute) == 0)
            return memory;
        _ = Unmap(memory, length);
        return null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* address, nuint length);
}
