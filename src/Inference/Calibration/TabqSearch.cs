using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Calibration;

/// <summary>Picks TAB-Q's settings by measuring: of those that keep a quality, the one with the shortest frames.</summary>
internal static class TabqSearch
{
    /// <summary>
    /// From coarse to fine. With Δ = 0 all tokens keep Q̄ bits, and τ alone sets the step (τ ÷ Q_max); with Δ = 0.12 and one bit less as the least, tokens
    /// with little near zero give up a bit.
    /// </summary>
    public static readonly IReadOnlyList<TabqOptions> Candidates =
    [
        Setting(2, 0, 3, 3),
        Setting(5, 0, 4, 4),
        Setting(4, 0, 4, 4),
        Setting(3.5f, 0, 4, 4),
        Setting(3, 0, 4, 4),
        Setting(2.5f, 0, 4, 4),
        Setting(6.5f, 0.12, 5, 4),
        Setting(6.5f, 0, 5, 5),
        Setting(4.5f, 0, 5, 5),
        Setting(6.5f, 0, 6, 6),
        Setting(6.5f, 0, 8, 8),
    ];

    /// <param name="measure">Tells what a setting costs.</param>
    public static List<CalibratedTabq> Run(Func<TabqOptions, SettingCost> measure)
    {
        var costs = Candidates.Select(candidate => (Tabq: candidate, Cost: measure(candidate))).ToList();
        return [.. QualityTarget.All.Select(target =>
        {
            var kept = costs.Where(entry => target.Allows(entry.Cost.RisePercent, entry.Cost.StandardErrorPercent)).ToList();
            var (tabq, cost) = kept.Count > 0 ? kept.MinBy(entry => entry.Cost.BytesPerToken) : costs[^1];
            return new CalibratedTabq(target, tabq, cost.RisePercent, cost.StandardErrorPercent, cost.BytesPerToken);
        })];
    }

    private static TabqOptions Setting(float thresholdRms, double tolerance, int bitsMax, int bitsMin) =>
        new(Threshold.RelativeToRms(thresholdRms), tolerance, bitsMax, bitsMin);
}
