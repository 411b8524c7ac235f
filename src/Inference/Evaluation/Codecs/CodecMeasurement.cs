namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>What a codec saves and costs.</summary>
/// <param name="SplitLayer">ℓ; null for the mean over all that were measured.</param>
/// <param name="Codec">Its name.</param>
/// <param name="Family">Of codecs that differ in settings alone.</param>
/// <param name="Link">Bytes and times.</param>
/// <param name="LogLikelihoodLoss">Nats per token, each token against itself without compression.</param>
/// <param name="FlipShare">Tokens whose most likely successor is another one, 0 to 1.</param>
public sealed record CodecMeasurement(
    int? SplitLayer, string Codec, string Family, CodingFigures Link, ClusteredMean LogLikelihoodLoss, double FlipShare)
{
    /// <summary>exp(loss) − 1: 0.01 is one percent.</summary>
    public double PerplexityRise => Math.Exp(LogLikelihoodLoss.Mean) - 1;

    /// <summary>Of <see cref="PerplexityRise"/>; null for a text of one window.</summary>
    public double? PerplexityRiseError => LogLikelihoodLoss.StandardError * (1 + PerplexityRise);

    /// <summary>A frame of several tokens, for <c>splitactors codec inspect</c>; empty unless the codec writes frames.</summary>
    public ReadOnlyMemory<byte> SampleFrame { get; init; }

    /// <summary>A frame of one token.</summary>
    public ReadOnlyMemory<byte> SampleTokenFrame { get; init; }

    /// <summary>The mean over splits of one codec.</summary>
    /// <param name="splits">At least one.</param>
    public static CodecMeasurement Mean(IReadOnlyList<CodecMeasurement> splits) => new(
        SplitLayer: null,
        splits[0].Codec,
        splits[0].Family,
        CodingFigures.Total([.. splits.Select(split => split.Link)]),
        ClusteredMean.Average([.. splits.Select(split => split.LogLikelihoodLoss)]),
        splits.Average(split => split.FlipShare));
}

/// <summary>How far a measurement is.</summary>
/// <param name="ShareDone">Of the computation, 0 to 1.</param>
/// <param name="TokensDone">Of the text, by all codecs at all splits.</param>
/// <param name="TokenCount">All of them.</param>
public readonly record struct EvaluationProgress(double ShareDone, int TokensDone, int TokenCount);
