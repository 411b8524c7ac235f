using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>The product's frames, with the options that a session would have.</summary>
/// <param name="options">Codec and settings.</param>
/// <param name="calibration">Of the split, if the codec is to use one.</param>
/// <param name="embed">Embeddings of the tokens, if the codec is to predict from them.</param>
public sealed class FrameTransport(CompressionOptions options, SplitCalibration? calibration = null, TokenEmbedding? embed = null) : IHiddenStateTransport
{
    private readonly HiddenStateEncoder _encoder = new(options, calibration);
    private float[] _embeddings = []; // [n, d]

    public ReadOnlySpan<byte> Encode(ReadOnlySpan<float> hidden, ReadOnlySpan<int> tokens, int width) =>
        _encoder.Encode(hidden, tokens.Length, width, Embeddings(tokens, width)).Bytes.Span;

    public void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> tokens, Span<float> hidden, int width)
    {
        var status = FrameDecoder.Decode(bytes, hidden, out _, calibration, Embeddings(tokens, width));
        if (status != DecodeStatus.Ok)
            throw new InvalidOperationException($"A frame did not decode: {status}.");
    }

    private ReadOnlySpan<float> Embeddings(ReadOnlySpan<int> tokens, int width)
    {
        if (embed is null)
            return [];
        if (_embeddings.Length < tokens.Length * width)
            _embeddings = new float[tokens.Length * width];
        var embeddings = _embeddings.AsSpan(0, tokens.Length * width);
        embed(tokens, embeddings);
        return embeddings;
    }
}
