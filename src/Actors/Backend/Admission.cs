using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Backend;

/// <summary>Why a worker cannot serve a session or a step, with both sides' values; null if it can.</summary>
internal static class Admission
{
    private const int KvFrameHeaderBytesMax = 64;

    /// <param name="device">Whose session it is to be.</param>
    /// <param name="open">What it asks for.</param>
    /// <param name="worker">Before it.</param>
    public static Refusal? Check(DeviceId device, OpenSession open, WorkerState worker)
    {
        var key = new SessionKey(device, new SessionId(open.SessionId));
        var options = worker.Options;
        if (Compatibility.Check("The device", open.ProtocolVersion, open.ModelDigest, "the worker", options.ModelDigest) is { } mismatch)
            return mismatch;
        if (worker.LeavingSince is not null && !worker.Sessions.ContainsKey(key))
            return new Refusal(RejectReason.Leaving, $"The worker is leaving the cluster, with {worker.Sessions.Count} sessions; another one has to take this.");
        if (open.SplitLayer < options.Layers.First || open.SplitLayer >= options.Layers.End)
            return new Refusal(RejectReason.LayerRange, Describe(open.SplitLayer, options.Layers));
        if (Compatibility.CheckCalibration("The device", open.CalibrationId, "the worker", options.CalibrationId) is { } otherCalibration)
            return otherCalibration;
        if (open.TokenCountMax == 0 || open.TokenCountMax > options.ContextLength)
            return new Refusal(RejectReason.ContextLength, $"The session asks for {open.TokenCountMax} tokens; the model's context has 1–{options.ContextLength}.");
        if (open.Sampling is null)
            return new Refusal(RejectReason.BadRequest, "The session has no sampling options.");
        if (open.Sampling.ToOptions().FindError() is { } error)
            return new Refusal(RejectReason.BadRequest, error.Message);
        if (open.Generated.Count > open.TokenCountMax || open.Generated.Any(token => token >= options.VocabularySize))
            return new Refusal(RejectReason.BadRequest, $"The {open.Generated.Count} generated tokens exceed the session's {open.TokenCountMax} or the vocabulary's {options.VocabularySize}.");
        if (open.PromptCount > open.TokenCountMax || (open.Prompt.Count > 0 && open.Prompt.Count != open.PromptCount) || open.Prompt.Any(token => token >= options.VocabularySize))
            return new Refusal(RejectReason.BadRequest, $"The prompt has {open.Prompt.Count} token ids for {open.PromptCount} tokens of a session of {open.TokenCountMax}, or ids beyond the vocabulary's {options.VocabularySize}.");
        if (worker.Sessions.Count >= options.SessionCountMax && !worker.Sessions.ContainsKey(key))
            return new Refusal(RejectReason.SessionLimit, $"The worker has {worker.Sessions.Count} of {options.SessionCountMax} sessions.");
        return CheckMemory(key, open, worker) ?? CheckDevice(key, open, worker);
    }

    /// <summary>A device without layers leaves the embedding to the worker, which has it exactly if its layers are the model's first.</summary>
    private static string Describe(uint splitLayer, LayerRange layers)
    {
        var held = splitLayer == 0 ? "no layers" : $"layers 1–{splitLayer}";
        return $"The device holds {held}, the worker {layers}; it serves devices that hold {layers.First} to {layers.End - 1} layers.";
    }

    /// <summary>What does not even fit into an empty worker is no matter of waiting.</summary>
    private static Refusal? CheckMemory(SessionKey key, OpenSession open, WorkerState worker)
    {
        var bytesMax = worker.Options.KvBytesMax;
        var layout = worker.Options.KvLayout.WithLayers(worker.Options.Layers.End - (int)open.SplitLayer);
        var needed = layout.BytesFor((int)open.TokenCountMax);
        if (needed > bytesMax)
            return new Refusal(RejectReason.ContextLength, $"The session's {open.TokenCountMax} tokens need {needed} bytes of keys and values; the worker has {bytesMax}.");
        var free = worker.ReservationsWithout(key).BytesFree(layout.LayerCount, bytesMax);
        return needed > free
            ? new Refusal(RejectReason.Memory, $"The session's {open.TokenCountMax} tokens need {needed} bytes of keys and values; {free} of the worker's {bytesMax} are free.")
            : null;
    }

    /// <summary>What is more than a device may have at all is no matter of waiting either.</summary>
    private static Refusal? CheckDevice(SessionKey key, OpenSession open, WorkerState worker)
    {
        var (limit, held) = (worker.Options.DeviceLimit, worker.HoldingsWithout(key).Of(key.Device));
        if (open.TokenCountMax > limit.TokenCountMax)
        {
            var detail = $"The session asks for {open.TokenCountMax} tokens; the worker gives a device {limit.TokenCountMax}.";
            return new Refusal(RejectReason.ContextLength, $"{detail} Ask for fewer, or allow more there (--device-tokens).");
        }

        if (limit.HoldsWith(held, open.TokenCountMax))
            return null;
        var full = $"{key.Device} has {held}; the worker gives a device {limit}.";
        return new Refusal(RejectReason.SessionLimit, $"{full} Let a session end first, or allow more there (--device-sessions, --device-tokens).");
    }

    public static Refusal? Check(DecodeStep step, WorkerSession session, WorkerState worker)
    {
        var options = worker.Options;
        var rowsMax = Math.Min(options.BatchRowsMax, Math.Min(options.QueuedRowsMax, options.SessionQueuedRowsMax)); // more could never wait here
        if (step.TokenCount == 0 || step.TokenCount > rowsMax)
            return new Refusal(RejectReason.BadRequest, $"The step has {step.TokenCount} tokens; a step may have 1–{rowsMax}.");
        if ((long)step.Position + step.TokenCount > session.TokenCountMax)
            return new Refusal(RejectReason.ContextLength, $"The step ends at token {(long)step.Position + step.TokenCount}; the session was opened for {session.TokenCountMax}.");
        if (!HasContentFor(step, session, options))
            return new Refusal(RejectReason.BadRequest, "The step has neither a frame, nor one valid token id for each of its tokens, nor keys and values without a wish for a token.");
        if (step.Frame.Length > (long)step.TokenCount * options.FrameBytesPerTokenMax)
            return new Refusal(RejectReason.BadRequest, $"The frame has {step.Frame.Length} bytes; {step.TokenCount} tokens may have {options.FrameBytesPerTokenMax} each.");
        if (step.KeysAndValues.Length > KvFrameBytesMax(step, session, options))
            return new Refusal(RejectReason.BadRequest, $"The keys and values have {step.KeysAndValues.Length} bytes; those of {step.TokenCount} tokens may have {KvFrameBytesMax(step, session, options)}.");
        if (worker.QueuedRows + step.TokenCount > options.QueuedRowsMax)
            return new Refusal(RejectReason.QueueFull, $"{worker.QueuedRows} of {options.QueuedRowsMax} tokens are waiting.");
        if (session.UnansweredRows + step.TokenCount > options.SessionQueuedRowsMax)
            return new Refusal(RejectReason.QueueFull, $"{session.UnansweredRows} of {options.SessionQueuedRowsMax} tokens of the session are waiting.");
        return null;
    }

    /// <summary>What the session's cache takes, in whole pages, and the frame around it.</summary>
    private static long KvFrameBytesMax(DecodeStep step, WorkerSession session, WorkerOptions options) =>
        options.KvLayout.WithLayers(session.Layers.Count).BytesFor((int)step.TokenCount) + KvFrameHeaderBytesMax;

    private static bool HasContentFor(DecodeStep step, WorkerSession session, WorkerOptions options) => step.ContentCase switch
    {
        DecodeStep.ContentOneofCase.Frame => true,
        DecodeStep.ContentOneofCase.KeysAndValues => !step.Samples,
        DecodeStep.ContentOneofCase.Tokens =>
            session.Layers.First == 0 && step.Tokens.Ids.Count == step.TokenCount && step.Tokens.Ids.All(token => token < options.VocabularySize),
        _ => false,
    };
}
