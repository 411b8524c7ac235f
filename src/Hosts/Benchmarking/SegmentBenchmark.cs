using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Benchmarking;

/// <summary>
/// Rounds of prefill and decoding of a segment. A segment that does not start the model begins with made-up hidden states, and one that does not
/// end it goes on with made-up tokens: time depends on neither.
/// </summary>
internal sealed class SegmentBenchmark : IDisposable
{
    /// <summary>Most rows of a pass through a prompt; more would not share a reading of the weights to any effect.</summary>
    private const int ChunkRowsMax = 512;

    /// <summary>What the activations of a pass may take; of large models there are fewer rows.</summary>
    private const long ActivationBytesMax = 64L << 20;

    /// <summary>Read at least once to measure the bandwidth: small models several times, which their processor's cache may hold.</summary>
    private const long BandwidthBytesMin = 1L << 30;

    private const int TokenStride = 7919; // a prime, so that the prompt's tokens spread over the vocabulary
    private const double Giga = 1e9;

    private readonly Segment _segment;
    private readonly BenchWorkload _workload;
    private readonly ComputeThreads _threads;
    private readonly TimeProvider _clock;
    private readonly int _chunkRows;
    private readonly Workspace _workspace;
    private readonly Sampler _sampler = new();
    private readonly KvCache[] _caches; // of each sequence
    private readonly int[] _tokens;     // [rows]
    private readonly float[] _hidden;   // [rows, d]
    private readonly float[] _logits;   // [sequences, V]

    public SegmentBenchmark(Segment segment, BenchWorkload workload, ComputeThreads threads, TimeProvider clock)
    {
        (_segment, _workload, _threads, _clock) = (segment, workload, threads, clock);
        _chunkRows = (int)Math.Clamp(ActivationBytesMax / Workspace.BytesPerRow(segment.Config), 1, Math.Min(ChunkRowsMax, workload.PromptTokens));
        var rowsMax = Math.Max(_chunkRows, workload.BatchSize);
        _workspace = new Workspace(segment.Config, rowsMax, threads);
        _tokens = new int[rowsMax];
        _hidden = new float[checked(rowsMax * segment.Config.HiddenSize)];
        _logits = new float[segment.HasHead ? checked(workload.BatchSize * segment.Config.VocabularySize) : 0];
        _caches = new KvCache[workload.BatchSize];
        for (var i = 0; i < _caches.Length; i++)
            _caches[i] = segment.CreateCache(workload.PromptTokens + workload.DecodeTokens, workload.KvFormat);
    }

    /// <summary>Bytes of the keys and values of all sequences now.</summary>
    public long KvByteCount => _caches.Sum(cache => cache.ByteCount);

    public void Dispose()
    {
        foreach (var cache in _caches)
            cache.Dispose();
        _workspace.Dispose();
    }

    /// <param name="measuresBandwidth">Whether the weights are read for their own sake too.</param>
    /// <param name="cancellation">Ends the round between two passes.</param>
    public BenchRound Run(bool measuresBandwidth, CancellationToken cancellation)
    {
        var prefill = Time(() => Prefill(cancellation));
        var reading = measuresBandwidth ? Time(ReadWeights) : default;
        var decode = Time(() => Decode(cancellation));
        reading += measuresBandwidth ? Time(ReadWeights) : default;

        var prefillTokens = (double)_workload.BatchSize * _workload.PromptTokens;
        var decodeTokens = (double)_workload.BatchSize * _workload.DecodeTokens;
        var decodeBytes = (double)_workload.DecodeTokens * _segment.BytesPerToken;
        var readBytes = 2.0 * ReadingCount * _segment.BytesPerToken;
        return new BenchRound(
            prefillTokens / prefill.TotalSeconds,
            decodeTokens / decode.TotalSeconds,
            decodeBytes / decode.TotalSeconds / Giga,
            measuresBandwidth ? readBytes / reading.TotalSeconds / Giga : null);
    }

    private long ReadingCount => (BandwidthBytesMin / Math.Max(1, _segment.BytesPerToken)) + 1;

    private TimeSpan Time(Action work)
    {
        var started = _clock.GetTimestamp();
        work();
        return _clock.GetElapsedTime(started);
    }

    private void ReadWeights()
    {
        for (var i = 0L; i < ReadingCount; i++)
            _segment.ReadWeights(_threads);
    }

    /// <summary>Each sequence's prompt into its empty cache, and the token that follows it.</summary>
    private void Prefill(CancellationToken cancellation)
    {
        for (var sequence = 0; sequence < _caches.Length; sequence++)
        {
            _caches[sequence].Truncate(0);
            for (int position = 0, count; position < _workload.PromptTokens; position += count)
            {
                cancellation.ThrowIfCancellationRequested();
                count = Math.Min(_chunkRows, _workload.PromptTokens - position);
                for (var i = 0; i < count; i++)
                    _tokens[i] = MadeUpToken(position + i);
                Forward([new SequenceRows(_caches[sequence], position, count)], count);
                if (position + count == _workload.PromptTokens)
                    Logits(firstRow: count - 1, sequence, count: 1);
            }
        }

        for (var sequence = 0; sequence < _caches.Length; sequence++)
            _tokens[sequence] = NextToken(sequence, _workload.PromptTokens);
    }

    /// <summary>All sequences, one token of each in a pass.</summary>
    private void Decode(CancellationToken cancellation)
    {
        var batch = new SequenceRows[_caches.Length];
        for (var position = _workload.PromptTokens; position < _workload.PromptTokens + _workload.DecodeTokens; position++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var sequence = 0; sequence < batch.Length; sequence++)
                batch[sequence] = new SequenceRows(_caches[sequence], position, Count: 1);
            Forward(batch, batch.Length);
            Logits(firstRow: 0, sequence: 0, batch.Length);
            for (var sequence = 0; sequence < batch.Length; sequence++)
                _tokens[sequence] = NextToken(sequence, position + 1);
        }
    }

    private void Forward(ReadOnlySpan<SequenceRows> batch, int rowCount)
    {
        var hidden = Hidden(0, rowCount); // [n, d]
        if (_segment.HasEmbedding)
            _segment.Embed(_tokens.AsSpan(0, rowCount), hidden);
        else
            MakeUp(hidden);
        _segment.Forward(batch, hidden, _workspace);
    }

    private void Logits(int firstRow, int sequence, int count)
    {
        if (_segment.HasHead)
            _segment.Logits(Hidden(firstRow, count), LogitsOf(sequence, count), _workspace);
    }

    private int NextToken(int sequence, int position) => _segment.HasHead
        ? _sampler.Sample(LogitsOf(sequence, 1), SamplingOptions.Greedy, [], position)
        : MadeUpToken(position);

    private Span<float> Hidden(int firstRow, int count) => _hidden.AsSpan(firstRow * _segment.Config.HiddenSize, count * _segment.Config.HiddenSize);

    private Span<float> LogitsOf(int sequence, int count) =>
        _logits.AsSpan(sequence * _segment.Config.VocabularySize, count * _segment.Config.VocabularySize);

    private int MadeUpToken(int position) => (int)((long)position * TokenStride % _segment.Config.VocabularySize);

    /// <summary>Values from −1 to 1.</summary>
    private static void MakeUp(Span<float> hidden)
    {
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = ((int)((long)i * TokenStride % 2001) - 1000) / 1000f;
    }
}
