using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Some bytes of a frame and what they say.</summary>
public readonly record struct FrameField(int Offset, int ByteCount, string Name, string Meaning);

/// <summary>Where a frame stops making sense.</summary>
public sealed record FrameFault(int Offset, string Expected, string Found);

/// <summary>The values that a frame decodes to. Min, max and RMS are over the finite ones.</summary>
/// <param name="Content">What the values are.</param>
/// <param name="Rows">Tokens or positions.</param>
/// <param name="Width">Values of each; of keys and values those of all layers and heads.</param>
public sealed record FrameSummary(FrameContent Content, int Rows, int Width, float Min, float Max, double RootMeanSquare)
{
    public long ValueCount => (long)Rows * Width;
}

/// <summary>
/// A frame field by field, for people. Reads the format as docs/wire-format.md states it, apart from the decoder, which has no words for what it finds;
/// the decoder then has the last word on whether the frame is one.
/// </summary>
public sealed class FrameExplanation
{
    private FrameExplanation(IReadOnlyList<FrameField> fields, FrameFault? fault, FrameSummary? summary) =>
        (Fields, Fault, Summary) = (fields, fault, summary);

    /// <summary>Neighbouring fields from the first byte on, up to the fault if there is one.</summary>
    public IReadOnlyList<FrameField> Fields { get; }

    /// <summary>Null: the frame decodes, or only a calibration could tell.</summary>
    public FrameFault? Fault { get; }

    /// <summary>Null unless the frame decodes without a calibration.</summary>
    public FrameSummary? Summary { get; }

    /// <param name="frame">Any bytes.</param>
    public static FrameExplanation Of(ReadOnlySpan<byte> frame)
    {
        var walk = new FrameWalk(frame);
        if (!(frame is [(byte)'S', ..] ? Version1Frame.TryExplain(ref walk) : Version2Frame.TryExplain(ref walk)))
            return new FrameExplanation(walk.Fields, walk.Fault, summary: null);
        if (walk.NeedsCalibration)
            return new FrameExplanation(walk.Fields, fault: null, summary: null);
        var status = FrameValues.TrySummarize(frame, out var summary);
        var fault = summary is null ? new FrameFault(walk.SymbolsOffset, "symbols that decode to all values", $"others: {status}") : null;
        return new FrameExplanation(walk.Fields, fault, summary);
    }
}
