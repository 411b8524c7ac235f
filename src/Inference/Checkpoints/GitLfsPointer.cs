namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// The few lines that Git LFS puts in place of a file which it has not fetched. Whatever reads the file would complain of its own format, so every file that
/// is opened is looked at for this first.
/// </summary>
public static class GitLfsPointer
{
    /// <summary>A pointer is smaller (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).</summary>
    public const int BytesMax = 1024;

    /// <param name="path">Of the file, for the message.</param>
    /// <param name="content">Of the file, or its first <see cref="BytesMax"/> bytes.</param>
    /// <param name="kind">Of the error.</param>
    /// <exception cref="UserErrorException">The content is a pointer.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> content, UserErrorKind kind = UserErrorKind.Checkpoint)
    {
        if (!content.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return;

        // The cause says that the file is not here, rather than damaged: nobody can mend what it holds.
        throw new UserErrorException(
            kind, path, "the file itself", "a Git LFS pointer to it", "Run `git lfs pull` in its folder.", new FileNotFoundException("Git LFS has not fetched it.", path));
    }
}
