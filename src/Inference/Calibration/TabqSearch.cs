using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Calibration;

/// <summary>What was measured of a setting of TAB-Q.</summary>
/// <param name="Tabq">τ, Δ and bits.</param>
/// <param name="Error">Its RMS over that of the hidden state.</param>
/// <param name="Loss">Nats per token.</param>
/// <param name="BytesPerToken">In frames of 64 tokens.</param>
internal sealed record TabqCost(TabqOptions Tabq, double Error, ClusteredMean Loss, double BytesPerToken);

/// <summary>
/// Picks TAB-Q's settings by measuring: of those that keep a quality, the one with the shortest frames. All candidates have Δ = 0, so all
/// tokens keep Q̄ bits, and τ alone sets the step: τ ÷ Q_max. What a candidate costs follows from the error that it makes, so one curve
/// goes through all of them.
/// </summary>
internal static class TabqSearch
{
    private const double OutlierShareMin = 1e-5; // a threshold that fewer reach does not set the step, the token's largest value does
    private const int BitsMin = 3;

    /// <summary>
    /// For each step, that number of bits, and with it τ, which is expected to take the fewest bytes; and the finest that there is.
    /// </summary>
    /// <param name="magnitudes">Of the split's hidden states.</param>
    /// <param name="steps">As multiples of a token's RMS.</param>
    public static IReadOnlyList<TabqOptions> Candidates(MagnitudeHistogram magnitudes, IReadOnlyList<double> steps)
    {
        var candidates = new List<TabqOptions>();
        foreach (var step in steps)
        {
            var bits = Enumerable.Range(BitsMin, TabqOptions.BitsHighest - BitsMin + 1)
                .Where(bits => bits == BitsMin || magnitudes.ShareFrom(ThresholdFor(step, bits)) >= OutlierShareMin)
                .MinBy(bits => magnitudes.BitsPerValue(step, ThresholdFor(step, bits)));
            candidates.Add(Setting(ThresholdFor(step, bits), bits));
        }

        candidates.Add(Setting(ThresholdFor(steps.Min(), TabqOptions.BitsHighest), TabqOptions.BitsHighest));
        return [.. candidates.Distinct()];
    }

    /// <param name="costs">Of all candidates.</param>
    public static List<CalibratedTabq> Choose(IReadOnlyList<TabqCost> costs)
    {
        var curve = new QualityCurve([.. costs.Select(cost => (cost.Error, cost.Loss))]);
        return [.. QualityTarget.All.Select(target =>
        {
            var kept = costs.Where(cost => target.Allows(curve.At(cost.Error).ElsewherePercent)).MinBy(cost => cost.BytesPerToken);
            var chosen = kept ?? costs.MinBy(cost => cost.Error)!;
            var rise = curve.At(chosen.Error);
            return new CalibratedTabq(target, chosen.Tabq, rise.Percent, rise.StandardErrorPercent, rise.ElsewherePercent, chosen.BytesPerToken);
        })];
    }

    private static double ThresholdFor(double step, int bits) => step * ((1 << (bits - 1)) - 1);

    private static TabqOptions Setting(double threshold, int bits) =>
        new(Threshold.RelativeToRms((float)Math.Round(threshold, 2)), distortionTolerance: 0, bits, bits);
}
