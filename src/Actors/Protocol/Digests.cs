using Google.Protobuf;

namespace SplitActors.Actors.Protocol;

internal static class Digests
{
    private const int ShortBytes = 6;

    /// <summary>The first 12 hexadecimal digits, for messages to people.</summary>
    public static string Short(ByteString digest) =>
        digest.IsEmpty ? "(none)" : Convert.ToHexStringLower(digest.Span[..Math.Min(ShortBytes, digest.Length)]);
}
