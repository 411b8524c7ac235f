using System.Text.Json;

namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>What one engine reached in one round.</summary>
/// <param name="ReadGigabytesPerSecond">Weights read while decoding, 10⁹ bytes per second.</param>
internal sealed record Round(double PrefillTokensPerSecond, double DecodeTokensPerSecond, double ReadGigabytesPerSecond)
{
    /// <summary>The line that a child process writes for a round.</summary>
    public string ToJson(string engine) => JsonSerializer.Serialize(
        new
        {
            Engine = engine,
            PrefillTokensPerSecond,
            DecodeTokensPerSecond,
            ReadGigabytesPerSecond,
        },
        JsonNames.SnakeCase);

    /// <summary>Reads such a line; the engine's name only if it says one.</summary>
    /// <exception cref="JsonException">The line is not JSON.</exception>
    /// <exception cref="KeyNotFoundException">A figure is missing.</exception>
    public static (Round Round, string? Engine) Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        double Figure(string name) => root.GetProperty(name).GetDouble();
        var round = new Round(Figure("prefill_tokens_per_second"), Figure("decode_tokens_per_second"), Figure("read_gigabytes_per_second"));
        return (round, root.TryGetProperty("engine", out var engine) ? engine.GetString() : null);
    }
}

internal static class JsonNames
{
    public static JsonSerializerOptions SnakeCase { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
