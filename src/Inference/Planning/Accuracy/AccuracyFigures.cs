namespace SplitActors.Inference.Planning.Accuracy;

/// <summary>
/// What single choices of bits cost a model on a text, each measured by itself against the stored weights with keys and values in half. Costs are in nats per
/// token, in which small ones add up: the perplexity rises by the factor e^nats.
/// </summary>
/// <param name="ModelDigest">Of the model, 64 hexadecimal digits.</param>
/// <param name="TextDigest">SHA-256 of the text, 64 hexadecimal digits.</param>
/// <param name="TokenCount">Predicted tokens of the text.</param>
/// <param name="Perplexity">With nothing rounded.</param>
/// <param name="FrontWeights">Of fewer bits in the first layers.</param>
/// <param name="KeyValues">Of fewer bits in keys and values of all layers.</param>
/// <param name="HiddenStates">Of compression at a split.</param>
public sealed record AccuracyFigures(
    string ModelDigest, string TextDigest, int TokenCount, double Perplexity,
    IReadOnlyList<WeightCost> FrontWeights, IReadOnlyList<KeyValueCost> KeyValues, IReadOnlyList<HiddenStateCost> HiddenStates);

/// <summary>Layers 1 to ℓ, and the embedding, in another format; with ℓ = L the head too.</summary>
/// <param name="Bits">Of a weight.</param>
/// <param name="GroupSize">Weights that share a scale.</param>
/// <param name="SplitLayer">ℓ</param>
/// <param name="Nats">Per token.</param>
/// <param name="StandardError">Null for a text of one window.</param>
public sealed record WeightCost(int Bits, int GroupSize, int SplitLayer, double Nats, double? StandardError);

/// <summary>Keys and values of all layers in another format.</summary>
/// <param name="Bits">Of a value.</param>
/// <param name="Nats">Per token.</param>
/// <param name="StandardError">Null for a text of one window.</param>
public sealed record KeyValueCost(int Bits, double Nats, double? StandardError);

/// <summary>Hidden states compressed as a session does it.</summary>
/// <param name="SplitLayer">ℓ</param>
/// <param name="QualityPercent">What the codec was told to keep.</param>
/// <param name="Nats">Per token.</param>
/// <param name="StandardError">Null for a text of one window.</param>
/// <param name="PromptBytes">Of a token in frames of 64.</param>
/// <param name="TokenBytes">Of a token in a frame of its own.</param>
public sealed record HiddenStateCost(int SplitLayer, double QualityPercent, double Nats, double? StandardError, double PromptBytes, double TokenBytes);
