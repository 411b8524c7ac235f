namespace SplitActors.Hosts.Files;

/// <summary>Why a file cannot be read or written, in words for people; a library's text names classes and repeats the path.</summary>
internal static class FileFault
{
    private const int InUseOnLinux = 11; // EWOULDBLOCK of a lock
    private const int InUseOnMacOS = 35;
    private const int InUseOnWindows = unchecked((int)0x80070020); // ERROR_SHARING_VIOLATION

    /// <summary>Whether it is about a file, and not a broken invariant.</summary>
    public static bool Is(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException;

    public static string Describe(Exception e) => e switch
    {
        FileNotFoundException => "no such file",
        DirectoryNotFoundException => "no such folder",
        PathTooLongException => "a path that is too long",
        ArgumentException => "what is no path",
        UnauthorizedAccessException => "no permission for it",
        IOException { HResult: InUseOnLinux or InUseOnMacOS or InUseOnWindows } => "another process that writes it now",
        _ => e.Message.TrimEnd('.'),
    };
}
