using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;

namespace SplitActors.Actors.Backend;

/// <summary>Keys and values that a device computed and ships, instead of hidden states to compute them from.</summary>
public sealed partial class BackEngine
{
    /// <summary>
    /// Writes a frame into the session's cache. It must cover exactly the step's positions in all layers of the session: else a token would meet what
    /// was left in the memory of a page.
    /// </summary>
    private static Refusal? StoreKeysAndValues(BatchWork work)
    {
        var (step, layers) = (work.Entry.Step, work.Entry.Session.Layers);
        var status = KvFrameDecoder.TryReadRange(step.KeysAndValues.Span, out var range);
        if (status == DecodeStatus.Ok && (range.Layers != layers || range.FirstPosition != step.Position || range.PositionCount != step.TokenCount))
        {
            return new Refusal(
                RejectReason.BadRequest,
                $"The frame has keys and values of {range.Layers} at {range.PositionCount} positions from {range.FirstPosition}; the step needs those of {layers} at {step.TokenCount} from {step.Position}.");
        }

        if (status == DecodeStatus.Ok && work.Cache.TokenCount != range.FirstPosition)
            return new Refusal(RejectReason.BadFrame, $"The session has {work.Cache.TokenCount} tokens; the keys and values begin at {range.FirstPosition}.");
        if (status == DecodeStatus.Ok)
            status = KvFrameDecoder.Decode(step.KeysAndValues.Span, work.Cache, layers.First);
        return status switch
        {
            DecodeStatus.Ok => null,
            DecodeStatus.WrongDestination => new Refusal(RejectReason.BadRequest, $"The keys and values are not in the worker's format: {work.Cache.Layout.Format}, {work.Cache.Layout.KvHeadCount} heads of {work.Cache.Layout.HeadDim}."),
            _ => new Refusal(RejectReason.BadFrame, $"The keys and values cannot be decoded: {status}."),
        };
    }
}
