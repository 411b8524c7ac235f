namespace SplitActors.Inference.Calibration;

/// <summary>What to calibrate.</summary>
/// <param name="SplitLayers">Splits, each with layers on both sides.</param>
/// <param name="WithKarhunenLoeve">Whether to find and store eigenvectors of the hidden state.</param>
/// <param name="WithPrediction">Whether to find and store the prediction from the embedding, with eigenvectors of its residual.</param>
/// <param name="TokenCountMax">Tokens of the text that are used.</param>
public sealed record CalibrationOptions(IReadOnlyList<int> SplitLayers, bool WithKarhunenLoeve, bool WithPrediction, int TokenCountMax)
{
    public const int TokenCountMaxDefault = 100_000;

    /// <summary>Fewest tokens that a text must have: below, the covariance of even a small model is noise.</summary>
    public const int TokenCountMin = 2_000;

    /// <summary>Threads that compute.</summary>
    public Threading.ComputeThreads Threads { get; init; } = Threading.ComputeThreads.Single;
}

/// <summary>How far a calibration is.</summary>
/// <param name="SplitLayer">The split at work.</param>
/// <param name="Work">What is done there.</param>
/// <param name="ShareDone">Of the whole calibration, 0 to 1.</param>
/// <param name="IsSplitDone">Whether this was the split's last measurement.</param>
public readonly record struct CalibrationProgress(int SplitLayer, string Work, double ShareDone, bool IsSplitDone);
