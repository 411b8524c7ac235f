namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>A codec whose bytes are counted and whose times are taken.</summary>
/// <param name="transport">The codec.</param>
/// <param name="width">Values per token.</param>
/// <param name="clock">Takes the times.</param>
public sealed class MeteredTransport(IHiddenStateTransport transport, int width, TimeProvider clock)
{
    /// <summary>Tokens of a long frame.</summary>
    public const int FrameTokens = 64;

    private readonly float[] _alone = new float[width];
    private readonly List<CodingTimes> _times = [];
    private long _tokenCount;
    private long _frameBytes;
    private long _tokenFrameBytes;

    /// <summary>The first long frame; empty before the first crossing.</summary>
    public ReadOnlyMemory<byte> FirstFrame { get; private set; }

    /// <summary>The first frame of one token.</summary>
    public ReadOnlyMemory<byte> FirstTokenFrame { get; private set; }

    public CodingFigures Figures => new(
        width, _tokenCount, _frameBytes, _tokenFrameBytes, Median(times => times.EncodeUs), Median(times => times.DecodeUs), Median(times => times.TokenEncodeUs),
        Median(times => times.TokenDecodeUs));

    /// <summary>Sends a window twice: token by token, for bytes and times alone, and in long frames, whose values come out.</summary>
    /// <param name="hidden">[n, d], replaced by what the receiver has</param>
    /// <param name="tokens">[n] ids</param>
    public void Cross(Span<float> hidden, ReadOnlySpan<int> tokens)
    {
        long tokenEncode = 0, tokenDecode = 0, encode = 0, decode = 0; // timestamps' ticks: a TimeSpan's are too coarse for one token
        for (var row = 0; row < tokens.Length; row++)
        {
            hidden.Slice(row * width, width).CopyTo(_alone);
            var bytes = Code(_alone, tokens.Slice(row, 1), ref tokenEncode, ref tokenDecode);
            _tokenFrameBytes += bytes.Length;
            if (FirstTokenFrame.IsEmpty)
                FirstTokenFrame = bytes.ToArray();
        }

        for (var row = 0; row < tokens.Length; row += FrameTokens)
        {
            var count = Math.Min(FrameTokens, tokens.Length - row);
            var bytes = Code(hidden.Slice(row * width, count * width), tokens.Slice(row, count), ref encode, ref decode);
            _frameBytes += bytes.Length;
            if (FirstFrame.IsEmpty)
                FirstFrame = bytes.ToArray();
        }

        _tokenCount += tokens.Length;
        var usPerTick = 1e6 / clock.TimestampFrequency / tokens.Length;
        _times.Add(new CodingTimes(encode * usPerTick, decode * usPerTick, tokenEncode * usPerTick, tokenDecode * usPerTick));
    }

    private ReadOnlySpan<byte> Code(Span<float> hidden, ReadOnlySpan<int> tokens, ref long encode, ref long decode)
    {
        var start = clock.GetTimestamp();
        var bytes = transport.Encode(hidden, tokens, width);
        var middle = clock.GetTimestamp();
        transport.Decode(bytes, tokens, hidden, width);
        decode += clock.GetTimestamp() - middle;
        encode += middle - start;
        return bytes;
    }

    private double Median(Func<CodingTimes, double> figure)
    {
        double[] sorted = [.. _times.Select(figure).Order()];
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Per token of one window.</summary>
    private readonly record struct CodingTimes(double EncodeUs, double DecodeUs, double TokenEncodeUs, double TokenDecodeUs);
}
