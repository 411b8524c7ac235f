namespace SplitActors.Inference.Planning.Links;

/// <summary>
/// Functions that keep their precision near 0, where the plain formula subtracts equal numbers. The quotients cancel the rounding of 1 + x
/// and of eˣ [W. Kahan, 1980, as told by Higham, Accuracy and Stability of Numerical Algorithms, §1.14.1].
/// </summary>
internal static class SmallArguments
{
    /// <summary>ln(1 + x), x &gt; −1.</summary>
    public static double LogOnePlus(double x)
    {
        var sum = 1 + x;
        return sum == 1 || double.IsInfinity(sum) ? x : Math.Log(sum) * x / (sum - 1);
    }

    /// <summary>eˣ − 1.</summary>
    public static double ExpMinusOne(double x)
    {
        var power = Math.Exp(x);
        if (power == 1)
            return x;
        var difference = power - 1;
        return difference == -1 || double.IsInfinity(power) ? difference : difference * x / Math.Log(power);
    }
}
