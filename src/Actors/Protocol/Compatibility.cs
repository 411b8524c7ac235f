using Google.Protobuf;

namespace SplitActors.Actors.Protocol;

/// <summary>What both sides of a first message must have in common.</summary>
public static class Compatibility
{
    private const int ShortDigestBytes = 6;
    private const int DescribedDigestsMax = 8;

    /// <summary>Compares protocol version and model digest; the refusal names both sides' values.</summary>
    /// <param name="peer">Who sent them, as a sentence begins.</param>
    /// <param name="self">Who compares, within a sentence.</param>
    /// <param name="ownDigests">Of the models that are there.</param>
    public static Refusal? Check(string peer, uint version, ByteString digest, string self, params IReadOnlyList<ByteString> ownDigests)
    {
        if (version != ProtocolVersion.Current)
            return new Refusal(RejectReason.ProtocolVersion, $"{peer} speaks protocol version {version}, {self} {ProtocolVersion.Current}; update the older one.");
        if (ownDigests.Contains(digest))
            return null;
        var own = string.Join(", ", ownDigests.Take(DescribedDigestsMax).Select(Short));
        return new Refusal(RejectReason.ModelDigest, $"{peer} has model digest {Short(digest)}, {self} {own}; use the same checkpoint.");
    }

    /// <summary>Compares the calibration that frames need with the one that is there; the refusal names both.</summary>
    /// <param name="needed">Its id; 0: none is needed.</param>
    /// <param name="peer">Who needs it, as a sentence begins.</param>
    /// <param name="present">The id of the one that is there; 0: none.</param>
    /// <param name="self">Who has that one, within a sentence.</param>
    public static Refusal? CheckCalibration(string peer, ulong needed, string self, ulong present) =>
        needed == 0 || needed == present
            ? null
            : new Refusal(RejectReason.Calibration, $"{peer} needs calibration {Name(needed)}, {self} has {Name(present)}; give both the same calibration file, or run with --compression tabq or none.");

    /// <summary>A calibration's id as users see it.</summary>
    public static string Name(ulong calibrationId) => calibrationId == 0 ? "(none)" : $"{calibrationId:x16}";

    /// <summary>The first 12 hexadecimal digits, for people.</summary>
    private static string Short(ByteString digest) =>
        digest.IsEmpty ? "(none)" : Convert.ToHexStringLower(digest.Span[..Math.Min(ShortDigestBytes, digest.Length)]);
}
