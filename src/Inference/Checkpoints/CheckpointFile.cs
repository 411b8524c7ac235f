namespace SplitActors.Inference.Checkpoints;

/// <summary>Reads the small files of a checkpoint folder whole.</summary>
internal static class CheckpointFile
{
    /// <exception cref="UserErrorException">The file is missing, unreadable, or larger than <paramref name="bytesMax"/>.</exception>
    public static byte[] ReadAllBytes(string path, int bytesMax) => CheckpointError.Reading(path, p =>
    {
        var bytes = new FileInfo(p).Length;
        return bytes <= bytesMax
            ? File.ReadAllBytes(p)
            : throw CheckpointError.At(p, $"at most {bytesMax} bytes", $"{bytes} bytes");
    });
}
