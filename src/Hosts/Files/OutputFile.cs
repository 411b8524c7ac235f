namespace SplitActors.Hosts.Files;

/// <summary>
/// A file that is there as a whole or not at all. It is written beside its place first, under its name with <c>.unfinished</c>; the next run for
/// the same file takes over what a run that was killed left there.
/// </summary>
internal static class OutputFile
{
    private const string UnfinishedSuffix = ".unfinished";

    /// <exception cref="IOException">It cannot be written, or another process writes it now.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (IsDevice(path))
        {
            using var device = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            device.Write(content);
            return;
        }

        var target = TargetOf(path);
        var unfinished = target + UnfinishedSuffix;
        using var file = Begin(unfinished);
        try
        {
            file.Write(content);
            file.Dispose();
            File.Move(unfinished, target, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished); // as when the disk is full
            throw;
        }
    }

    /// <summary>Whether a file can be written there, before hours are spent on its content. What is there stays as it is.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    public static void Check(string path)
    {
        if (IsDevice(path))
            return;
        var target = TargetOf(path);
        if (Directory.Exists(target))
            throw new IOException("a folder");
        Begin(target + UnfinishedSuffix).Dispose();
        File.Delete(target + UnfinishedSuffix);
    }

    /// <summary>Whether it is written to, and not replaced: /dev/null must stay what it is, also for root.</summary>
    public static bool IsDevice(string path)
    {
        var full = Path.GetFullPath(path);
        return (Within("/dev/") && !Within("/dev/shm/")) || Within("/proc/");

        bool Within(string folder) => full.StartsWith(folder, StringComparison.Ordinal);
    }

    /// <summary>Nobody else writes the file as long as this one is open.</summary>
    private static FileStream Begin(string unfinished) => new(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);

    /// <summary>A link stays a link.</summary>
    private static string TargetOf(string path) =>
        new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
}
