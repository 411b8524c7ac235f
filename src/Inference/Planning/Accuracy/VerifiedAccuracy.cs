using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Inference.Planning.Accuracy;

/// <summary>Expectations, but for the choices that were measured as a whole.</summary>
/// <param name="expected">Of all others.</param>
public sealed class VerifiedAccuracy(IAccuracyModel expected) : IAccuracyModel
{
    private readonly Dictionary<SplitChoice, (double Rise, double? StandardError)> _measured = [];

    public void Add(SplitChoice choice, double perplexityRise, double? standardError) => _measured[choice] = (perplexityRise, standardError);

    /// <summary>Null if the choice was not measured.</summary>
    public (double Rise, double? StandardError)? Find(SplitChoice choice) => _measured.TryGetValue(choice, out var found) ? found : null;

    public double? PerplexityRise(SplitChoice choice) => Find(choice)?.Rise ?? expected.PerplexityRise(choice);
}
