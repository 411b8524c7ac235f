using System.Runtime.InteropServices;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Asks the operating system whether anybody still reads standard output, as in <c>splitactors run … | head -1</c>. Console streams
/// ignore the error of a pipe without a reader (EPIPE), and the model would compute on for nobody.
/// </summary>
internal static partial class OutputPipe
{
    private const int StandardOutput = 1;
    private const short ErrorOrHangUp = 0x08 | 0x10; // POLLERR | POLLHUP

    /// <summary>Always false on Windows.</summary>
    public static bool HasNoReader()
    {
        if (OperatingSystem.IsWindows())
            return false;
        var descriptor = new PollDescriptor { FileDescriptor = StandardOutput };
        return Poll(ref descriptor, 1, timeoutMs: 0) > 0 && (descriptor.ReturnedEvents & ErrorOrHangUp) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeoutMs);

    /// <summary>struct pollfd of POSIX.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int FileDescriptor;
        public short RequestedEvents;
        public short ReturnedEvents;
    }
}
