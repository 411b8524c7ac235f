using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>The product's frames, with the options that a session would have.</summary>
public sealed class FrameTransport(CompressionOptions options) : IHiddenStateTransport
{
    private readonly HiddenStateEncoder _encoder = new(options);

    public ReadOnlySpan<byte> Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<int> tokens, int width) =>
        _encoder.Encode(hidden, tokens.Length, width).Bytes.Span;

    public void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> tokens, Span<float> hidden, int width)
    {
        var status = FrameDecoder.Decode(bytes, hidden, out _);
        if (status != DecodeStatus.Ok)
            throw new InvalidOperationException($"A frame did not decode: {status}.");
    }
}
