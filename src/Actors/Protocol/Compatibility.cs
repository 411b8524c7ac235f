using Google.Protobuf;

namespace SplitActors.Actors.Protocol;

/// <summary>What both sides of a first message must have in common.</summary>
internal static class Compatibility
{
    private const int ShortDigestBytes = 6;

    /// <summary>Compares protocol version and model digest; the refusal names both sides' values.</summary>
    /// <param name="peer">Who sent them, as a sentence begins.</param>
    /// <param name="self">Who compares, within a sentence.</param>
    public static Refusal? Check(string peer, uint version, ByteString digest, string self, ByteString ownDigest)
    {
        if (version != ProtocolVersion.Current)
            return new Refusal(RejectReason.ProtocolVersion, $"{peer} speaks protocol version {version}, {self} {ProtocolVersion.Current}; update the older one.");
        if (!digest.Equals(ownDigest))
            return new Refusal(RejectReason.ModelDigest, $"{peer} has model digest {Short(digest)}, {self} {Short(ownDigest)}; use the same checkpoint.");
        return null;
    }

    /// <summary>The first 12 hexadecimal digits, for people.</summary>
    private static string Short(ByteString digest) =>
        digest.IsEmpty ? "(none)" : Convert.ToHexStringLower(digest.Span[..Math.Min(ShortDigestBytes, digest.Length)]);
}
