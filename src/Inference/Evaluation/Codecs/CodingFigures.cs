namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>What a codec made of hidden states, headers included, and how long it took.</summary>
/// <param name="Width">Values per token.</param>
/// <param name="TokenCount">Tokens that were coded.</param>
/// <param name="FrameBytes">As frames of <see cref="MeteredTransport.FrameTokens"/> tokens, as in prefill.</param>
/// <param name="TokenFrameBytes">As frames of one token, as in decoding.</param>
/// <param name="EncodeUs">Microseconds per token of a long frame: median over the windows.</param>
/// <param name="DecodeUs">Likewise.</param>
/// <param name="TokenEncodeUs">Microseconds of a frame of one token.</param>
/// <param name="TokenDecodeUs">Likewise.</param>
public sealed record CodingFigures(
    int Width, long TokenCount, long FrameBytes, long TokenFrameBytes, double EncodeUs, double DecodeUs, double TokenEncodeUs, double TokenDecodeUs)
{
    public double BytesPerToken => (double)FrameBytes / TokenCount;

    public double BytesPerTokenAlone => (double)TokenFrameBytes / TokenCount;

    public double BitsPerValue => 8 * BytesPerToken / Width;

    /// <summary>Float16 bytes over the bytes of long frames.</summary>
    public double Ratio => 2.0 * Width / BytesPerToken;

    /// <summary>Float16 bytes over the bytes of frames of one token.</summary>
    public double RatioAlone => 2.0 * Width / BytesPerTokenAlone;

    /// <summary>All bytes and tokens together, times averaged.</summary>
    /// <param name="figures">At least one, of the same width.</param>
    public static CodingFigures Total(IReadOnlyCollection<CodingFigures> figures) => new(
        figures.First().Width,
        figures.Sum(each => each.TokenCount),
        figures.Sum(each => each.FrameBytes),
        figures.Sum(each => each.TokenFrameBytes),
        figures.Average(each => each.EncodeUs),
        figures.Average(each => each.DecodeUs),
        figures.Average(each => each.TokenEncodeUs),
        figures.Average(each => each.TokenDecodeUs));
}
