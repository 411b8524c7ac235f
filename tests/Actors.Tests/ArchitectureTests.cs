using System.Text.RegularExpressions;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests;

/// <summary>Folders are layers: what one uses uses it not, on no way around.</summary>
public sealed partial class ArchitectureTests
{
    [Theory]
    [InlineData("src/Actors", "SplitActors.Actors")]
    [InlineData("src/Simulation", "SplitActors.Simulation")]
    public void Namespaces_HaveNoCircles(string folder, string root)
    {
        var uses = Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .Where(text => Namespace().IsMatch(text))
            .SelectMany(text => Using().Matches(text).Select(used => (From: Namespace().Match(text).Groups["name"].Value, To: used.Groups["name"].Value)))
            .Where(use => use.From != use.To && use.To.StartsWith(root, StringComparison.Ordinal))
            .ToLookup(use => use.From, use => use.To, StringComparer.Ordinal);

        Assert.NotEmpty(uses);
        Assert.All(uses, layer => Assert.DoesNotContain(layer.Key, Reached(layer.Key, uses)));
    }

    private static HashSet<string> Reached(string from, ILookup<string, string> uses)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var ahead = new Stack<string>(uses[from]);
        while (ahead.TryPop(out var next))
        {
            if (!reached.Add(next))
                continue;
            foreach (var further in uses[next])
                ahead.Push(further);
        }

        return reached;
    }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Using();
}
