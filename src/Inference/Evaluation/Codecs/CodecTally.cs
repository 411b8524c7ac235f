namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>Adds up, window by window, what one codec does at one split.</summary>
internal sealed class CodecTally(CodecPlace place, CodecChoice codec, int width, TimeProvider clock)
{
    private readonly MeteredTransport _transport = new(codec.Open(place), width, clock);
    private readonly ClusteredMean _loss = new();
    private long _flipCount;
    private long _tokenCount;

    public int SplitLayer => place.SplitLayer;

    public CodecMeasurement Result => new(place.SplitLayer, codec.Name, codec.Family, _transport.Figures, _loss, (double)_flipCount / _tokenCount)
    {
        SampleFrame = codec.WritesFrames ? _transport.FirstFrame : default,
        SampleTokenFrame = codec.WritesFrames ? _transport.FirstTokenFrame : default,
    };

    /// <param name="hidden">[n, d], replaced by what the receiver has</param>
    /// <param name="tokens">[n]</param>
    public void Cross(Span<float> hidden, ReadOnlySpan<int> tokens) => _transport.Cross(hidden, tokens);

    public void Add(WindowPredictions plain, WindowPredictions coded, int tokenCount)
    {
        var loss = 0.0;
        for (var token = 0; token < tokenCount; token++)
        {
            loss += plain.LogProbabilities[token] - coded.LogProbabilities[token];
            _flipCount += plain.MostLikely[token] == coded.MostLikely[token] ? 0 : 1;
        }

        _loss.Add(loss, tokenCount);
        _tokenCount += tokenCount;
    }
}
