namespace SplitActors.Inference.Calibration;

/// <summary>Names in a calibration file.</summary>
internal static class CalibrationFormat
{
    public const int Version = 2;

    /// <summary>Of rises, their errors and bytes.</summary>
    public const int Decimals = 4;

    /// <summary>The entry of the safetensors header that holds everything but tensors, as JSON.</summary>
    public const string MetadataName = "splitactors.calibration";

    public static string Mean(int splitLayer) => $"splits.{splitLayer}.columns.mean";

    public static string Deviation(int splitLayer) => $"splits.{splitLayer}.columns.deviation";

    public static string Basis(int splitLayer) => $"splits.{splitLayer}.klt.basis";

    public static string BasisDeviation(int splitLayer) => $"splits.{splitLayer}.klt.deviation";

    public static string PredictionCodes(int splitLayer) => $"splits.{splitLayer}.prediction.codes";

    public static string PredictionScale(int splitLayer) => $"splits.{splitLayer}.prediction.scale";

    public static string PredictionBias(int splitLayer) => $"splits.{splitLayer}.prediction.bias";

    public static string ResidualBasis(int splitLayer) => $"splits.{splitLayer}.prediction.klt.basis";

    public static string ResidualDeviation(int splitLayer) => $"splits.{splitLayer}.prediction.klt.deviation";
}
