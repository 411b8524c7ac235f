namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>A codec with its settings, as one row of a table.</summary>
/// <param name="Name">Says codec and settings: <c>tabq:6.5rms:4-5:0.12</c>.</param>
/// <param name="Family">Codecs that differ in settings alone share it.</param>
/// <param name="Open">A transport for a split.</param>
public sealed record CodecChoice(string Name, string Family, Func<CodecPlace, IHiddenStateTransport> Open)
{
    public CodecChoice(string name, Func<IHiddenStateTransport> open)
        : this(name, name, _ => open())
    {
    }

    /// <summary>Whether the bytes are frames of docs/wire-format.md.</summary>
    public bool WritesFrames { get; init; }
}

/// <summary>Where a codec is measured: calibrations differ by split.</summary>
/// <param name="SplitLayer">0 for states of no model.</param>
/// <param name="Embed">Embeddings [n, d] of tokens [n], for prediction; null for states of no model.</param>
public sealed record CodecPlace(int SplitLayer, TokenEmbedding? Embed = null);

/// <summary>Looks up the embeddings [n, d] of tokens [n].</summary>
public delegate void TokenEmbedding(ReadOnlySpan<int> tokens, Span<float> embeddings);
