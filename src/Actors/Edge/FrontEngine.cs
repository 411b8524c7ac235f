using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Edge;

/// <summary>
/// The device's arithmetic for one session: embedding, front layers with their cache, compression; with all layers, head and sampling
/// too. One call at a time.
/// </summary>
/// <param name="segment">Starts the model.</param>
/// <param name="compression">Applied at the split.</param>
/// <param name="sampling">Used when the segment ends the model.</param>
/// <param name="tokenCountMax">Most tokens of the session.</param>
/// <param name="chunkTokensMax">Most tokens of one call.</param>
/// <param name="kvFormat">How its cache stores keys and values.</param>
/// <param name="threads">Compute, and outlive the engine.</param>
/// <param name="clock">Measures what the bill says.</param>
/// <param name="calibrated">What the codec knows of the split; null for none.</param>
public sealed partial class FrontEngine(
    Segment segment, CompressionOptions compression, SamplingOptions sampling, int tokenCountMax, int chunkTokensMax, KvFormat kvFormat,
    ComputeThreads threads, TimeProvider clock, CalibratedSplit? calibrated = null)
    : IDisposable
{
    private readonly Workspace _workspace = new(segment.Config, chunkTokensMax, threads); // freed when collected: a call may still run
    private readonly KvCache _cache = segment.CreateCache(tokenCountMax, kvFormat);
    private readonly HiddenStateEncoder _encoder = new(compression, calibrated?.Calibration);
    private readonly int _layerCount = segment.Layers.End;
    private readonly Sampler _sampler = new();
    private readonly float[] _hidden = new float[chunkTokensMax * segment.Config.HiddenSize];
    private readonly float[] _embeddings = new float[calibrated?.Embedding is null ? 0 : chunkTokensMax * segment.Config.HiddenSize];
    private readonly float[] _logits = new float[segment.HasHead ? segment.Config.VocabularySize : 0];

    /// <summary>Bytes of keys and values.</summary>
    public long KvBytes => _cache.ByteCount;

    /// <exception cref="ObjectDisposedException">The session has ended.</exception>
    public FrontComputed Compute(EdgeEffect.ComputeFront work)
    {
        ObjectDisposedException.ThrowIf(!_cache.TryRetain(), this);
        try
        {
            return ComputeRetained(work);
        }
        finally
        {
            _cache.Release();
        }
    }

    /// <summary>Frees the cache; a call that still runs does so when it is done.</summary>
    public void Dispose() => _cache.Dispose();

    private FrontComputed ComputeRetained(EdgeEffect.ComputeFront work)
    {
        var started = clock.GetTimestamp();
        var count = work.Tokens.Length;
        var hidden = _hidden.AsSpan(0, count * segment.Config.HiddenSize);                        // [n, d]
        segment.Embed(work.Tokens.AsSpan(), hidden);
        segment.Forward([new SequenceRows(_cache, work.Position, count)], hidden, _workspace);
        if (segment.HasHead)
        {
            int? token = work.Generated is { } generated ? Sample(hidden, work.Position + count, generated.AsSpan()) : null;
            return new FrontComputed(work.Position, count, Frame: null, Statistics: null, token, MicrosecondsSince(started), EncodeUs: 0);
        }

        var computeUs = MicrosecondsSince(started);
        started = clock.GetTimestamp();
        var frame = _encoder.Encode(hidden, count, segment.Config.HiddenSize, work.WorkerKnowsTokens ? Embeddings(work.Tokens.AsSpan()) : []);
        return new FrontComputed(
            work.Position, count, UnsafeByteOperations.UnsafeWrap(frame.Bytes), frame.Statistics, Token: null, computeUs, MicrosecondsSince(started));
    }

    /// <summary>[n, d] What the worker predicts from; empty where nothing is predicted.</summary>
    private ReadOnlySpan<float> Embeddings(ReadOnlySpan<int> tokens)
    {
        if (calibrated?.Embedding is not { } embedding)
            return [];
        var rows = _embeddings.AsSpan(0, tokens.Length * segment.Config.HiddenSize);
        embedding.Embed(tokens, rows);
        return rows;
    }

    private int Sample(ReadOnlySpan<float> hidden, int position, ReadOnlySpan<int> generated)
    {
        segment.Logits(hidden[^segment.Config.HiddenSize..], _logits, _workspace);                // [V]
        return _sampler.Sample(_logits, sampling, generated, position);
    }

    private long MicrosecondsSince(long timestamp) => (long)clock.GetElapsedTime(timestamp).TotalMicroseconds;
}
