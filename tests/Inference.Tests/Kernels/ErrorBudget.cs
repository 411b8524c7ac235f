namespace SplitActors.Inference.Tests.Kernels;

/// <summary>How far a float32 kernel may be from its double precision reference.</summary>
internal static class ErrorBudget
{
    /// <summary>ε: distance from 1 to the next float32.</summary>
    public const double Epsilon = 1.0 / (1 << 23);

    /// <summary>Relative error of <c>VectorMath.Exp</c>.</summary>
    public const double Exp = 2e-7;

    /// <summary>Smallest normal float32: below it (and below <c>VectorMath.Exp</c>'s clamp) only the absolute error counts.</summary>
    public const double Underflow = 1.7e-38;

    /// <summary>A sum of n products: <c>n·ε·Σ|aᵢ·bᵢ|</c>.</summary>
    public static double Sum(int n, double sumOfMagnitudes) => n * Epsilon * sumOfMagnitudes;

    /// <summary>
    /// Relative error of a softmax weight over n scores: that of eˣ, of rounding the argument (|x| ≤ spread), and of the sum and the division.
    /// </summary>
    public static double Softmax(int n, double spread) => (2 * Exp) + (Epsilon * (spread + n + 2));

    public static void AssertWithin(double expected, double actual, double budget, string what)
    {
        if (!(Math.Abs(expected - actual) <= budget))
            Assert.Fail($"{what}: expected {expected:r} ± {budget:g3}, found {actual:r}, off by {Math.Abs(expected - actual):g3}.");
    }
}
