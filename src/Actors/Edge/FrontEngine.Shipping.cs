using Google.Protobuf;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Edge;

/// <summary>What an engine that has run all layers leaves to a worker, and to the front that follows it on the device.</summary>
public sealed partial class FrontEngine
{
    private KvFrameEncoder? _exact;
    private KvFrameEncoder? _compressed;

    private KvFrameEncoder Exact => _exact ??= new KvFrameEncoder(KvFrameOptions.Lossless);

    private KvFrameEncoder Compressed => _compressed ??= new KvFrameEncoder(KvFrameOptions.Default);

    /// <summary>Encodes the keys and values of the layers behind the front, and gives those of its layers to the front as they are.</summary>
    /// <param name="work">Which positions; the front has all before them.</param>
    /// <param name="front">Of the same model and format; null where the worker has all layers.</param>
    /// <exception cref="ObjectDisposedException">The session has ended.</exception>
    public FrontComputed Ship(EdgeEffect.ShipKeysAndValues work, FrontEngine? front)
    {
        ObjectDisposedException.ThrowIf(!_cache.TryRetain(), this);
        var isFrontRetained = false;
        try
        {
            isFrontRetained = front is not null && front._cache.TryRetain();
            ObjectDisposedException.ThrowIf(front is not null && !isFrontRetained, this);
            return ShipRetained(work, front);
        }
        finally
        {
            if (isFrontRetained)
                front!._cache.Release();
            _cache.Release();
        }
    }

    private FrontComputed ShipRetained(EdgeEffect.ShipKeysAndValues work, FrontEngine? front)
    {
        var started = clock.GetTimestamp();
        var splitLayer = front?._layerCount ?? 0;
        if (front is not null)
        {
            var kept = Exact.Encode(_cache, new KvRange(LayerRange.Front(splitLayer), work.Position, work.Count));
            var status = KvFrameDecoder.Decode(kept.Bytes.Span, front._cache);
            if (status != DecodeStatus.Ok)
                throw new InvalidOperationException($"The front does not take the device's keys and values: {status}.");
        }

        var encoder = work.IsExact ? Exact : Compressed;
        var frame = encoder.Encode(_cache, new KvRange(LayerRange.Back(splitLayer, _layerCount), work.Position, work.Count));
        return new FrontComputed(
            work.Position, work.Count, UnsafeByteOperations.UnsafeWrap(frame.Bytes), frame.Statistics, Token: null, ComputeUs: 0, MicrosecondsSince(started))
        {
            IsKeysAndValues = true,
        };
    }
}
