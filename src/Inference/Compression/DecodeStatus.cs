namespace SplitActors.Inference.Compression;

/// <summary>What a decoder found in bytes from the network. Everything but <see cref="Ok"/> leaves the destination unspecified.</summary>
public enum DecodeStatus
{
    Ok,

    /// <summary>The bytes end before the frame does.</summary>
    NeedMoreData,

    /// <summary>The bytes do not begin like a frame.</summary>
    BadMagic,

    /// <summary>A frame of a format version that this decoder does not read.</summary>
    UnsupportedVersion,

    /// <summary>A content kind or codec that this decoder does not know.</summary>
    UnsupportedContent,

    /// <summary>The CRC32C does not match: the bytes were damaged on the way.</summary>
    BadChecksum,

    /// <summary>The bytes are whole but say something that no encoder writes.</summary>
    Malformed,

    /// <summary>A size exceeds <see cref="FrameLimits"/>.</summary>
    TooLarge,

    /// <summary>The caller's destination does not hold exactly rows × width values, or the cache is not one that the frame belongs into.</summary>
    WrongDestination,

    /// <summary>The caller's cache has no room for the frame's positions, or there is no memory for them.</summary>
    DestinationFull,

    /// <summary>The frame needs a calibration of this split, or the embeddings of its tokens, which the caller did not give.</summary>
    MissingContext,
}
