using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Backend;

/// <summary>Why a worker cannot serve a session or a step, with both sides' values; null if it can.</summary>
internal static class Admission
{
    private const int KvFrameHeaderBytesMax = 64;

    public static Refusal? Check(OpenSession open, WorkerState worker)
    {
        var options = worker.Options;
        if (Compatibility.Check("The device", open.ProtocolVersion, open.ModelDigest, "the worker", options.ModelDigest) is { } mismatch)
            return mismatch;
        if (open.SplitLayer != options.Layers.First)
            return new Refusal(RejectReason.LayerRange, $"The device holds layers 1–{open.SplitLayer}, the worker {options.Layers}; they must follow each other.");
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
        if (worker.Sessions.Count >= options.SessionCountMax && !worker.Sessions.ContainsKey(new SessionId(open.SessionId)))
            return new Refusal(RejectReason.SessionLimit, $"The worker has {worker.Sessions.Count} of {options.SessionCountMax} sessions.");
        return CheckMemory(open, worker);
    }

    /// <summary>What does not even fit into an empty worker is no matter of waiting.</summary>
    private static Refusal? CheckMemory(OpenSession open, WorkerState worker)
    {
        var (layout, bytesMax) = (worker.Options.KvLayout, worker.Options.KvBytesMax);
        var needed = layout.BytesFor((int)open.TokenCountMax);
        if (needed > bytesMax)
            return new Refusal(RejectReason.ContextLength, $"The session's {open.TokenCountMax} tokens need {needed} bytes of keys and values; the worker has {bytesMax}.");
        var own = worker.Sessions.TryGetValue(new SessionId(open.SessionId), out var known) ? layout.BytesFor(known.TokenCountMax) : 0;
        var free = bytesMax - worker.KvBytesReserved + own;
        return needed > free
            ? new Refusal(RejectReason.Memory, $"The session's {open.TokenCountMax} tokens need {needed} bytes of keys and values; {free} of the worker's {bytesMax} are free.")
            : null;
    }

    public static Refusal? Check(DecodeStep step, WorkerSession session, WorkerState worker)
    {
        var options = worker.Options;
        if (step.TokenCount == 0 || step.TokenCount > options.BatchRowsMax)
            return new Refusal(RejectReason.BadRequest, $"The step has {step.TokenCount} tokens; a step may have 1–{options.BatchRowsMax}.");
        if ((long)step.Position + step.TokenCount > session.TokenCountMax)
            return new Refusal(RejectReason.ContextLength, $"The step ends at token {(long)step.Position + step.TokenCount}; the session was opened for {session.TokenCountMax}.");
        if (!HasContentFor(step, options))
            return new Refusal(RejectReason.BadRequest, "The step has neither a frame, nor one valid token id for each of its tokens, nor keys and values without a wish for a token.");
        if (step.Frame.Length > (long)step.TokenCount * options.FrameBytesPerTokenMax)
            return new Refusal(RejectReason.BadRequest, $"The frame has {step.Frame.Length} bytes; {step.TokenCount} tokens may have {options.FrameBytesPerTokenMax} each.");
        if (step.KeysAndValues.Length > KvFrameBytesMax(step, options))
            return new Refusal(RejectReason.BadRequest, $"The keys and values have {step.KeysAndValues.Length} bytes; those of {step.TokenCount} tokens may have {KvFrameBytesMax(step, options)}.");
        if (worker.QueuedRows + step.TokenCount > options.QueuedRowsMax)
            return new Refusal(RejectReason.QueueFull, $"{worker.QueuedRows} of {options.QueuedRowsMax} tokens are waiting.");
        if (session.UnansweredRows + step.TokenCount > options.SessionQueuedRowsMax)
            return new Refusal(RejectReason.QueueFull, $"{session.UnansweredRows} of {options.SessionQueuedRowsMax} tokens of the session are waiting.");
        return null;
    }

    /// <summary>What the worker's cache takes, in whole pages, and the frame around it.</summary>
    private static long KvFrameBytesMax(DecodeStep step, WorkerOptions options) => options.KvLayout.BytesFor((int)step.TokenCount) + KvFrameHeaderBytesMax;

    private static bool HasContentFor(DecodeStep step, WorkerOptions options) => step.ContentCase switch
    {
        DecodeStep.ContentOneofCase.Frame => true,
        DecodeStep.ContentOneofCase.KeysAndValues => !step.Samples,
        DecodeStep.ContentOneofCase.Tokens =>
            options.Layers.First == 0 && step.Tokens.Ids.Count == step.TokenCount && step.Tokens.Ids.All(token => token < options.VocabularySize),
        _ => false,
    };
}
