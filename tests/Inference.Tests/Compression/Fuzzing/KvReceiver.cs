using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.Evaluation.Frames;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>
/// Decodes keys and values into a cache of a format. Checks that a refused frame leaves the cache as it was, and that another one writes all that it says,
/// the same each time.
/// </summary>
internal sealed class KvReceiver : IDisposable
{
    private const int ContentCheckedEvery = 8;  // it takes longer than decoding

    private readonly KvCorpus _corpus;
    private readonly KvCache _cache;
    private readonly byte[] _content;
    private int _checkCount;

    /// <param name="corpus">Fills the cache.</param>
    /// <param name="format">Of the cache.</param>
    public KvReceiver(KvCorpus corpus, KvFormat format)
    {
        (_corpus, _cache) = (corpus, KvCorpus.NewCache(format));
        _ = corpus.Fill(_cache, seed: 1);
        _content = KvCorpus.Snapshot(_cache);
    }

    /// <summary>Bytes that decoding has allocated so far.</summary>
    public long AllocatedBytes { get; private set; }

    public void Dispose() => _cache.Dispose();

    public DecodeStatus Decode(ReadOnlySpan<byte> bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var status = KvFrameDecoder.Decode(bytes, _cache, KvCorpus.FirstLayer);
        AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        var checksContent = ++_checkCount % ContentCheckedEvery == 0;
        if (status == DecodeStatus.Ok)
        {
            if (checksContent)
                CheckAllWritten(bytes);
            _ = _corpus.Fill(_cache, seed: 1);
        }
        else if (_cache.TokenCount != KvCorpus.PositionCount || (checksContent && !KvCorpus.Snapshot(_cache).AsSpan().SequenceEqual(_content)))
        {
            throw new InvalidOperationException($"It changed the cache, although: {status}.");
        }

        return status;
    }

    /// <summary>Decodes into other content, of which then nothing may be left.</summary>
    private void CheckAllWritten(ReadOnlySpan<byte> bytes)
    {
        var explanation = FrameExplanation.Of(bytes);
        if (explanation.Fault is { } fault)
            throw new InvalidOperationException($"It decoded, but its explanation found at byte {fault.Offset}: {fault.Found}.");
        var (layer, position) = (Number(explanation, "first layer"), Number(explanation, "first position"));
        var range = new KvRange(new LayerRange(layer, layer + Number(explanation, "layers")), position, explanation.Summary!.Rows);
        if (_cache.TokenCount != range.FirstPosition + range.PositionCount)
            throw new InvalidOperationException($"The cache ended at {_cache.TokenCount}.");
        var first = KvCorpus.Snapshot(_cache, range);
        _ = _corpus.Fill(_cache, seed: 2);
        var status = KvFrameDecoder.Decode(bytes, _cache, KvCorpus.FirstLayer);
        if (status != DecodeStatus.Ok || !first.AsSpan().SequenceEqual(KvCorpus.Snapshot(_cache, range)))
            throw new InvalidOperationException($"It decoded once; then: {status}, or to other keys and values.");
    }

    private static int Number(FrameExplanation explanation, string field) => int.Parse(explanation.Fields.Single(each => each.Name == field).Meaning);
}
