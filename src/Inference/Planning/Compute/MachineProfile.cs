using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Compute;

/// <summary>What a machine takes for one model in the formats that were measured.</summary>
/// <param name="Name">Of the machine, for errors and tables.</param>
/// <param name="Formats">By weights, and keys and values.</param>
public sealed record MachineProfile(string Name, IReadOnlyDictionary<(WeightFormat Weights, KvFormat Kv), ComputeProfile> Formats)
{
    /// <summary>Beside the layers.</summary>
    public SessionCosts Session { get; init; }

    /// <summary>The same machine while it takes so many times as long.</summary>
    public MachineProfile Scaled(double factor) => this with
    {
        Formats = Formats.ToDictionary(format => format.Key, format => format.Value.Scaled(factor)),
        Session = Session.Scaled(factor),
    };

    /// <exception cref="UserErrorException">These formats were not measured.</exception>
    public ComputeProfile For(WeightFormat weights, KvFormat kv) => Formats.TryGetValue((weights, kv), out var found)
        ? found
        : throw new UserErrorException(
            UserErrorKind.Options, $"Profile '{Name}'", Describe((weights, kv)),
            Formats.Count == 0 ? "no measurement" : string.Join("; ", Formats.Keys.Select(Describe).Order(StringComparer.Ordinal)),
            "Measure this format too, or leave it out of the choice.");

    private static string Describe((WeightFormat Weights, KvFormat Kv) format) => $"weights of {format.Weights} with keys and values in {(int)format.Kv} bits";
}
