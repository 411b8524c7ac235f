using System.Runtime.InteropServices;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Whether a standard stream is the caller's. Where it was closed when the process began, the runtime has opened something of its own under
/// its number by now: to read there would wait for ever, and what is written there would go nowhere, or where it does harm. The runtime's own
/// descriptors close when another program is started, and an inherited one cannot, or it would not be here.
/// </summary>
internal static partial class StreamDescriptor
{
    public const int Input = 0;
    public const int Output = 1;
    public const int Error = 2;

    private const int GetFlags = 1; // F_GETFD
    private const int ClosesOnExec = 1; // FD_CLOEXEC

    /// <summary>Always true on Windows.</summary>
    public static bool WasInherited(int descriptor)
    {
        if (OperatingSystem.IsWindows())
            return true;
        var flags = Control(descriptor, GetFlags);
        return flags >= 0 && (flags & ClosesOnExec) == 0;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int descriptor, int command);
}
