using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts;

/// <summary>A file of text that a user names or writes, as bytes of UTF-8.</summary>
internal static class Utf8File
{
    /// <summary>All of it, without a byte order mark in front. Errors of the system are the caller's to explain.</summary>
    /// <exception cref="UserErrorException">Git LFS has not fetched it.</exception>
    public static ReadOnlyMemory<byte> Read(string path, UserErrorKind kind = UserErrorKind.Options)
    {
        var bytes = File.ReadAllBytes(path);
        GitLfsPointer.Refuse(path, bytes, kind);
        return ByteOrderMark.Skip(bytes);
    }
}
