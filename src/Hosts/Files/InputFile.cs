using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Files;

/// <summary>
/// A file that a user names, read as a whole: at most so many bytes of it, since a device such as /dev/zero has no end, and without waiting for
/// somebody to open the other end of a pipe.
/// </summary>
internal static partial class InputFile
{
    private const int BufferBytes = 1 << 16;
    private const int NonBlocking = 0x800; // O_NONBLOCK and O_CLOEXEC of Linux, on every processor that .NET runs on
    private const int CloseOnExec = 0x80000;
    private const int SetStatusFlags = 4; // F_SETFL

    /// <param name="path">Of the file.</param>
    /// <param name="bytesMax">A larger one is not read to its end.</param>
    /// <param name="found">What there is instead, in words.</param>
    /// <param name="kind">Of the error, if Git LFS has not fetched it.</param>
    /// <returns>The content, without the byte order mark that some editors begin a file with; null if there is none to be had.</returns>
    /// <exception cref="UserErrorException">Git LFS has not fetched it.</exception>
    public static ReadOnlyMemory<byte>? Read(string path, long bytesMax, out string found, UserErrorKind kind = UserErrorKind.Options)
    {
        try
        {
            found = Directory.Exists(path) ? "a folder" : "";
            return found.Length > 0 ? null : ReadOpened(path, bytesMax, out found, kind);
        }
        catch (Exception e) when (FileFault.Is(e))
        {
            found = FileFault.Describe(e);
            return null;
        }
    }

    /// <summary>What is found where there are more bytes than that.</summary>
    public static string MoreThan(long bytes) => bytes >= 1 << 20 ? $"more than {bytes >> 20} MiB" : $"more than {bytes >> 10} KiB";

    private static ReadOnlyMemory<byte>? ReadOpened(string path, long bytesMax, out string found, UserErrorKind kind)
    {
        using var stream = new FileStream(Open(path), FileAccess.Read, bufferSize: 0);
        found = MoreThan(bytesMax);
        var length = stream.CanSeek ? stream.Length : 0; // 0 of a device too
        if (length > bytesMax)
            return null;
        var content = new MemoryStream((int)length);
        var buffer = new byte[BufferBytes];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            content.Write(buffer, 0, count);
            if (content.Length > bytesMax)
                return null;
        }

        found = "";
        var bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
        GitLfsPointer.Refuse(path, bytes.Span, kind);
        return ByteOrderMark.Skip(bytes);
    }

    /// <summary>
    /// Opens a pipe without a writer at once, and then it is empty; a plain open would wait for one, perhaps forever. A pipe with a writer, as a
    /// shell makes it of &lt;(command), is read to its end.
    /// </summary>
    private static SafeFileHandle Open(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path);
        var descriptor = OpenFile(path, NonBlocking | CloseOnExec);
        if (descriptor < 0)
            return File.OpenHandle(path); // which says why not
        _ = SetFlags(descriptor, SetStatusFlags, 0); // reads wait again
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetFlags(int descriptor, int command, int flags);
}
