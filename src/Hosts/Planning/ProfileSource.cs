using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Planning;

/// <summary>A machine's speed, and where it is from.</summary>
/// <param name="Profile">For one model.</param>
/// <param name="ThreadCount">That compute.</param>
/// <param name="IsEstimate">By data sheet, not measured.</param>
/// <param name="Description">In words.</param>
internal sealed record KnownProfile(MachineProfile Profile, int ThreadCount, bool IsEstimate, string Description);

/// <summary>Finds the profile that an option names.</summary>
internal sealed class ProfileSource(ModelConfig config, IReadOnlyCollection<WeightFormat> weights, IReadOnlyCollection<KvFormat> keyValues, int unquantizedWeightBytes)
{
    /// <summary>What an option says for: this machine.</summary>
    public const string Measure = "measure";

    /// <param name="text">A machine of the catalog.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">There is no such machine.</exception>
    public KnownProfile Find(string text, string place)
    {
        if (HardwareCatalog.Find(text) is { } figures)
            return Estimate(figures);
        throw new UserErrorException(
            UserErrorKind.Options, place, $"one of {string.Join(", ", HardwareCatalog.Names)}", $"'{text}'", "Choose one of these.");
    }

    private KnownProfile Estimate(HardwareFigures figures) => new(
        figures.ProfileOf(config, weights, keyValues, unquantizedWeightBytes),
        figures.CoreCount,
        IsEstimate: true,
        $"{figures.Name}, estimated by data sheet: {figures.CoreCount} cores, {figures.BytesPerSecond / 1e9:0.#} GB/s, {figures.Int8PerSecond / 1e9:0} and {figures.FloatPerSecond / 1e9:0} GMAC/s of int8 and float32");
}
