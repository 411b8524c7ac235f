namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>
/// Turns hidden states into bytes and back, for measuring: what a codec costs is counted on real bytes and on the values that come out of them.
/// Keeps its buffers from call to call; one per split, used by one thread at a time.
/// </summary>
public interface IHiddenStateTransport
{
    /// <summary>Encodes neighbouring tokens.</summary>
    /// <param name="hidden">[n, d]</param>
    /// <param name="tokens">[n] Ids that the receiver knows too, for codecs that predict from them.</param>
    /// <param name="width">d</param>
    /// <returns>All that crosses the link, headers included; valid until the next call.</returns>
    ReadOnlySpan<byte> Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<int> tokens, int width);

    /// <summary>Decodes what <see cref="Encode"/> returned.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="tokens">[n] The same ids.</param>
    /// <param name="hidden">[n, d], written</param>
    /// <param name="width">d</param>
    void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> tokens, Span<float> hidden, int width);
}
