namespace SplitActors.Inference.Calibration;

/// <summary>Student's t-distribution: how far from a mean another one may lie whose spread was itself estimated.</summary>
internal static class StudentT
{
    private const double Normal95 = 1.6448536269514722; // what a normal deviate stays below with 95 %

    /// <summary>
    /// What a deviate stays below with 95 %, by the expansion in 1/ν [Abramowitz, Stegun 26.7.5]: within 0.1 % from ν = 5 on.
    /// </summary>
    /// <param name="degrees">ν, at least 1.</param>
    public static double Quantile95(int degrees)
    {
        const double z = Normal95, z2 = z * z;
        double[] terms =
        [
            1,
            (z2 + 1) / 4,
            ((((5 * z2) + 16) * z2) + 3) / 96,
            ((((((3 * z2) + 19) * z2) + 17) * z2) - 15) / 384,
            ((((((((79 * z2) + 776) * z2) + 1482) * z2) - 1920) * z2) - 945) / 92160,
        ];
        var sum = 0.0;
        foreach (var term in terms.Reverse())
            sum = (sum / degrees) + term;
        return z * sum;
    }
}
