using System.Text.Json;

namespace SplitActors.Hosts.Chaos;

/// <summary>What a session came to, from the lines of <c>--json</c>, as far as they go.</summary>
internal sealed class GeneratedText
{
    private readonly List<int> _tokens = [];

    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The text, and why it ended; null until it has.</summary>
    public (string Text, string Reason, string? Detail)? End { get; private set; }

    /// <summary>The worker of the last plan; empty if it has none or has lost it; null before the first.</summary>
    public string? Worker { get; private set; }

    /// <summary>Of the prompt, by the session's end.</summary>
    public int PromptTokens { get; private set; }

    public int ReplacedCount { get; private set; }

    public int MoveCount { get; private set; }

    /// <returns>Whether the line says something; one that was cut off does not.</returns>
    public bool Read(string line)
    {
        try
        {
            Read(JsonElement.Parse(line));
            return true;
        }
        catch (Exception cut) when (cut is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }

    private void Read(JsonElement line)
    {
        switch (line.GetProperty("type").GetString())
        {
            case "plan":
                Worker = line.GetProperty("worker").GetString() ?? "";
                break;
            case "token":
                _tokens.Add(line.GetProperty("id").GetInt32());
                break;
            case "worker_replaced":
                ReplacedCount++;
                Worker = ""; // until the next plan
                break;
            case "moved":
                MoveCount++;
                break;
            case "ledger":
                PromptTokens = line.GetProperty("prompt_tokens").GetInt32();
                End = (line.GetProperty("text").GetString()!, line.GetProperty("end_reason").GetString()!, line.GetProperty("detail").GetString());
                break;
        }
    }
}
