namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>A codec with its settings, as one row of a table.</summary>
/// <param name="Name">Says codec and settings: <c>tabq:6.5rms:4-5:0.12</c>.</param>
/// <param name="Family">Codecs that differ in settings alone share it.</param>
/// <param name="Open">A transport for a split layer, for calibrations differ by split; 0 for states of no model.</param>
public sealed record CodecChoice(string Name, string Family, Func<int, IHiddenStateTransport> Open)
{
    public CodecChoice(string name, Func<IHiddenStateTransport> open)
        : this(name, name, _ => open())
    {
    }

    /// <summary>Whether the bytes are frames of docs/wire-format.md.</summary>
    public bool WritesFrames { get; init; }
}
