namespace SplitActors.Inference.Checkpoints;

/// <summary>The one way to a checkpoint's files: what the operating system refuses becomes a message that names the file.</summary>
internal static class CheckpointFile
{
    /// <summary>Of files that are read whole; the largest in use is a tokenizer.json of 35 MB.</summary>
    public const int BytesMax = 1 << 28;

    /// <exception cref="UserErrorException">The file is missing, unreadable, or larger than <paramref name="bytesMax"/>, or Git LFS has not fetched it.</exception>
    public static byte[] ReadAllBytes(string path, int bytesMax = BytesMax) => Open(path, p =>
    {
        var byteCount = new FileInfo(p).Length;
        if (byteCount > bytesMax)
            throw CheckpointError.At(p, $"at most {bytesMax} bytes", $"{byteCount} bytes");
        var bytes = File.ReadAllBytes(p);
        GitLfsPointer.Refuse(p, bytes);
        return bytes;
    });

    /// <exception cref="UserErrorException">The file is missing or unreadable, or <paramref name="open"/> throws it.</exception>
    public static T Open<T>(string path, Func<string, T> open)
    {
        try
        {
            return open(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CheckpointError.At(path, "a file", "nothing", "Download the file, or correct the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CheckpointError.At(
                path, "a readable file", $"an error of the operating system ({e.Message})", "Check the file and its permissions.", e);
        }
    }
}
