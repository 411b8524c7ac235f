namespace SplitActors.Inference.Tests.Compression;

/// <summary>The promise of the codec: |x̃ − x| ≤ s/2 + 2⁻²²·|x|.</summary>
internal static class ErrorBound
{
    public static double Of(float value, float scale) => (scale / 2.0) + (Math.Pow(2, -22) * Math.Abs((double)value));

    public static double Low(float value, float scale) => value - Of(value, scale);

    public static double High(float value, float scale) => value + Of(value, scale);
}
