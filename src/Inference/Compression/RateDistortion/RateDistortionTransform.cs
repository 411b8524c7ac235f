namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>What is taken from a hidden state before it is quantized; all but <see cref="None"/> need a calibration of the split. Values are on the wire.</summary>
public enum RateDistortionTransform
{
    /// <summary>Nothing: one frequency table for all columns.</summary>
    None = 0,

    /// <summary>The mean of each column; a column's frequency table follows from its standard deviation.</summary>
    Columns = 1,

    /// <summary>The mean, then the coefficients in the basis of the covariance's eigenvectors (Karhunen–Loève).</summary>
    KarhunenLoeve = 2,

    /// <summary>What the token's embedding predicts, then the Karhunen–Loève coefficients of the residual. Both ends must know the token.</summary>
    Prediction = 3,
}

/// <summary>How transforms are named in files and on the command line.</summary>
public static class RateDistortionTransforms
{
    private static readonly string[] NameOfEach = ["none", "columns", "klt", "prediction"];

    public static IReadOnlyList<string> Names => NameOfEach;

    public static string Name(this RateDistortionTransform transform) => NameOfEach[(int)transform];

    public static bool TryParse(string name, out RateDistortionTransform transform)
    {
        var index = Array.IndexOf(NameOfEach, name);
        transform = (RateDistortionTransform)Math.Max(index, 0);
        return index >= 0;
    }
}
