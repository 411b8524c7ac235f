using System.Text.Json;
using System.Text.Json.Serialization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

/// <summary>models/quill/golden.json: outputs of the reference implementation in float32.</summary>
internal sealed record Golden(GoldenPrompt[] Prompts, GoldenPerplexity Perplexity)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Golden Load() =>
        JsonSerializer.Deserialize<Golden>(File.ReadAllText(Path.Combine(Repository.Quill, "golden.json")), Json)!;
}

internal sealed record GoldenPrompt(
    string Text,
    int[] Ids,
    GoldenHidden[] HiddenAfterLayerLastToken,
    [property: JsonPropertyName("last_logits_top20")] double[][] LastLogitsTop20,
    double LastLogitsSum,
    [property: JsonPropertyName("last_logits_l2")] double LastLogitsL2,
    int[] GreedyIds);

internal sealed record GoldenHidden(double RmsLast, double AbsmaxLast, [property: JsonPropertyName("first8_last")] double[] First8Last);

internal sealed record GoldenPerplexity(string File, int Tokens, double Nll, double Ppl);
