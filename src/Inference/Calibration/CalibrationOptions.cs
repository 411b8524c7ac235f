namespace SplitActors.Inference.Calibration;

/// <summary>What to calibrate.</summary>
/// <param name="SplitLayers">Splits, each with layers on both sides.</param>
/// <param name="WithKarhunenLoeve">Whether to find and store eigenvectors of the hidden state.</param>
/// <param name="WithPrediction">Whether to find and store the prediction from the embedding, with eigenvectors of its residual.</param>
/// <param name="TokenCountMax">Tokens of the text that are used; null for as many as the model's width asks for.</param>
public sealed record CalibrationOptions(IReadOnlyList<int> SplitLayers, bool WithKarhunenLoeve, bool WithPrediction, int? TokenCountMax)
{
    /// <summary>Fewest tokens of any model's text; one with many columns needs more.</summary>
    public const int TokenCountMin = CalibrationText.TokenCountMin;

    /// <summary>Threads that compute.</summary>
    public Threading.ComputeThreads Threads { get; init; } = Threading.ComputeThreads.Single;
}

/// <summary>How far a calibration is.</summary>
/// <param name="Work">What is done.</param>
/// <param name="ShareDone">Of the whole calibration, 0 to 1.</param>
/// <param name="IsDone">Whether this was the last of it.</param>
public readonly record struct CalibrationProgress(string Work, double ShareDone, bool IsDone);
