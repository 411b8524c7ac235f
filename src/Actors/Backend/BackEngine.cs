using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Backend;

/// <summary>A step of a batch with its session's cache.</summary>
public sealed record BatchWork(BatchEntry Entry, KvCache Cache);

/// <summary>
/// The worker's arithmetic: frames become hidden states, all steps of a batch go through the back layers in one pass over the weights, each from
/// its session's split on, and the steps that ask for it get a token. One call at a time.
/// </summary>
/// <param name="segment">Ends the model, and starts at the smallest split that is served.</param>
/// <param name="batchRowsMax">Most tokens of one batch.</param>
/// <param name="kvPages">Where its sessions' caches get their pages; disposed with the engine.</param>
/// <param name="threads">Compute, and outlive the engine.</param>
/// <param name="clock">Measures what the bill says.</param>
/// <param name="calibrated">What the codec knows of a split, asked once for each; null for none.</param>
public sealed partial class BackEngine(
    Segment segment, int batchRowsMax, KvPagePools kvPages, ComputeThreads threads, TimeProvider clock, Func<int, CalibratedSplit?>? calibrated = null) : IDisposable
{
    /// <summary>Most rows of one pass over the head: their logits take 16 MiB at 128,256 tokens.</summary>
    private const int SampledRowsMax = 32;

    private readonly Workspace _workspace = new(segment.Config, batchRowsMax, threads); // freed when collected: a batch may still run
    private readonly Sampler _sampler = new();
    private readonly float[] _hidden = new float[batchRowsMax * segment.Config.HiddenSize];
    private float[] _logits = []; // [k, V], for as many as were sampled at once
    private readonly Dictionary<int, CalibratedSplit?> _calibratedSplits = [];
    private float[] _embeddings = []; // made when something is predicted first

    /// <summary>A cache of the segment's last layers; also while a batch runs, but on one thread at a time.</summary>
    public KvCache OpenCache(int layerCount, int tokenCountMax) => kvPages.OpenCache(layerCount, Math.Min(tokenCountMax, segment.Config.ContextLength));

    /// <summary>Gives the pages of a cache back, once no batch retains it. On the thread of <see cref="OpenCache"/>.</summary>
    public void CloseCache(KvCache cache) => kvPages.CloseCache(cache);

    public void Dispose() => kvPages.Dispose();

    /// <summary>
    /// Runs a batch. A step whose content cannot be used is refused, and so are the later steps of its session: nothing that a device sends
    /// makes a batch fail, because that would cost all other sessions their caches. A step whose session was dropped meanwhile has no result.
    /// </summary>
    public BatchComputed Compute(IReadOnlyList<BatchWork> works)
    {
        var alive = works.Where(work => work.Cache.TryRetain()).OrderByDescending(work => work.Cache.Layout.LayerCount).ToList(); // as the segment wants them
        try
        {
            return ComputeAlive(alive);
        }
        finally
        {
            alive.ForEach(work => work.Cache.Release());
        }
    }

    private BatchComputed ComputeAlive(List<BatchWork> works)
    {
        var started = clock.GetTimestamp();
        var (accepted, settled) = ReadContents(works);
        var decodeUs = MicrosecondsSince(started);

        started = clock.GetTimestamp();
        var results = Run(accepted);
        results.AddRange(settled);
        return new BatchComputed(results.ToImmutable(), decodeUs, MicrosecondsSince(started));
    }

    /// <summary>Fills the rows of <see cref="_hidden"/>, one accepted step after the other. Settled are those that need no layers: refused, or keys and values.</summary>
    private (List<BatchWork> Accepted, List<EntryResult> Settled) ReadContents(List<BatchWork> works)
    {
        var accepted = new List<BatchWork>(works.Count);
        var settled = new List<EntryResult>();
        var row = 0;
        foreach (var work in works)
        {
            var count = (int)work.Entry.Step.TokenCount;
            var refusal = settled.Any(result => result.Refusal is not null && result.Entry.Queued.Session == work.Entry.Queued.Session)
                ? new Refusal(RejectReason.BadFrame, "It follows a step that was refused.")
                : !work.Entry.RunsLayers ? StoreKeysAndValues(work) : ReadContent(work.Entry, _hidden.AsSpan(row * segment.Config.HiddenSize, count * segment.Config.HiddenSize));
            if (refusal is null && work.Entry.RunsLayers)
            {
                accepted.Add(work);
                row += count;
            }
            else
            {
                settled.Add(new EntryResult(work.Entry, Token: null, refusal, work.Cache.ByteCount));
            }
        }

        return (accepted, settled);
    }

    private Refusal? ReadContent(BatchEntry entry, Span<float> hidden)
    {
        var step = entry.Step;
        if (step.ContentCase == DecodeStep.ContentOneofCase.Tokens)
        {
            segment.Embed([.. step.Tokens.Ids.Select(token => (int)token)], hidden);
            return null;
        }

        var status = FrameDecoder.TryReadHeader(step.Frame.Span, out var header);
        if (status == DecodeStatus.Ok && (header.Rows != step.TokenCount || header.Width != segment.Config.HiddenSize))
            return new Refusal(RejectReason.BadFrame, $"The frame has {header.Rows} rows of {header.Width}; the step needs {step.TokenCount} of {segment.Config.HiddenSize}.");
        if (status == DecodeStatus.Ok)
        {
            var split = Calibrated(entry.Session.Layers.First);
            status = FrameDecoder.Decode(step.Frame.Span, hidden, out _, split?.Calibration, Embeddings(entry, split));
        }

        if (status == DecodeStatus.MissingContext) // sending it again would not help
            return new Refusal(RejectReason.BadRequest, "The frame is predicted from tokens that the worker does not know, or needs a part of the calibration that it does not have.");
        return status == DecodeStatus.Ok ? null : new Refusal(RejectReason.BadFrame, $"The frame cannot be decoded: {status}.");
    }

    private CalibratedSplit? Calibrated(int splitLayer)
    {
        if (!_calibratedSplits.TryGetValue(splitLayer, out var split))
            _calibratedSplits[splitLayer] = split = calibrated?.Invoke(splitLayer);
        return split;
    }

    /// <summary>[n, d] Of the step's tokens; empty where nothing is predicted, or where they are not all known.</summary>
    private ReadOnlySpan<float> Embeddings(BatchEntry entry, CalibratedSplit? split)
    {
        if (split?.Embedding is not { } embedding)
            return [];
        if (_embeddings.Length == 0)
            _embeddings = new float[batchRowsMax * segment.Config.HiddenSize];
        var tokens = entry.Session.TokensAt((int)entry.Step.Position, (int)entry.Step.TokenCount);
        var rows = _embeddings.AsSpan(0, tokens.Length * segment.Config.HiddenSize);
        embedding.Embed(tokens.AsSpan(), rows);
        return rows;
    }

    private ImmutableArray<EntryResult>.Builder Run(List<BatchWork> works)
    {
        var batch = works.Select(work => new SequenceRows(work.Cache, (int)work.Entry.Step.Position, (int)work.Entry.Step.TokenCount)).ToArray();
        var hidden = _hidden.AsSpan(0, batch.Sum(rows => rows.Count) * segment.Config.HiddenSize);      // [n, d]
        segment.Forward(batch, hidden, _workspace);

        var results = ImmutableArray.CreateBuilder<EntryResult>(works.Count);
        results.AddRange(works.Where(work => !work.Entry.Step.Samples).Select(work => new EntryResult(work.Entry, Token: null, Refusal: null, work.Cache.ByteCount)));
        foreach (var group in GatherSampled(works, hidden).Chunk(SampledRowsMax))
            Sample(group, results);
        return results;
    }

    /// <summary>Moves the last row of each step that asks for a token to the front, in order.</summary>
    /// <returns>The steps with the number of their row among these.</returns>
    private List<(BatchWork Work, int Row)> GatherSampled(List<BatchWork> works, Span<float> hidden)
    {
        var width = segment.Config.HiddenSize;
        var sampled = new List<(BatchWork Work, int Row)>(works.Count);
        var end = 0;
        foreach (var work in works)
        {
            end += (int)work.Entry.Step.TokenCount;
            if (!work.Entry.Step.Samples)
                continue;
            hidden.Slice((end - 1) * width, width).CopyTo(hidden.Slice(sampled.Count * width, width)); // which comes no later, and is not needed any more
            sampled.Add((work, sampled.Count));
        }

        return sampled;
    }

    /// <summary>One pass over the head for neighbouring rows.</summary>
    private void Sample((BatchWork Work, int Row)[] group, ImmutableArray<EntryResult>.Builder results)
    {
        var (width, vocabularySize) = (segment.Config.HiddenSize, segment.Config.VocabularySize);
        if (_logits.Length < group.Length * vocabularySize)
            _logits = new float[group.Length * vocabularySize];
        segment.Logits(_hidden.AsSpan(group[0].Row * width, group.Length * width), _logits.AsSpan(0, group.Length * vocabularySize), _workspace); // [k, V]
        for (var i = 0; i < group.Length; i++)
            results.Add(Sample(group[i].Work, _logits.AsSpan(i * vocabularySize, vocabularySize)));
    }

    private EntryResult Sample(BatchWork work, Span<float> logits)
    {
        var entry = work.Entry;
        var position = (int)(entry.Step.Position + entry.Step.TokenCount);
        try
        {
            var sampling = entry.Session.Sampling;
            var token = _sampler.Sample(logits, sampling, sampling.UsesGenerated ? [.. entry.Session.Generated] : [], position);
            return new EntryResult(entry, token, Refusal: null, work.Cache.ByteCount);
        }
        catch (NonFiniteLogitsException exception)
        {
            // Hidden states that overflow, NaN in a frame, or an extreme penalty: sending it again would not help.
            return new EntryResult(entry, Token: null, new Refusal(RejectReason.BadRequest, exception.Message), work.Cache.ByteCount);
        }
    }

    private long MicrosecondsSince(long timestamp) => (long)clock.GetElapsedTime(timestamp).TotalMicroseconds;
}
