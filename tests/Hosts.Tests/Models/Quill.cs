using System.Text.Json.Nodes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Models;

/// <summary>The embedded model, what its reference implementation made of some prompts, and copies to damage.</summary>
internal static class Quill
{
    public const int LayerCount = 8;
    public const int ContextLength = 512;

    private static readonly string[] Files =
        ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "SHA256SUMS"];

    /// <summary>Prompts with the 128 most likely tokens that follow, as text.</summary>
    public static IReadOnlyList<(string Prompt, string GreedyText)> Golden { get; } =
        [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Quill, "golden.json")))!["prompts"]!.AsArray()
            .Select(prompt => (prompt!["text"]!.GetValue<string>(), prompt["greedy_text"]!.GetValue<string>()))];

    public static CheckpointBuilder Copy()
    {
        var copy = new CheckpointBuilder();
        foreach (var file in Files)
            copy.Write(file, File.ReadAllBytes(Path.Combine(Repository.Quill, file)));
        return copy;
    }
}
