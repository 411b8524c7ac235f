using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;
using SplitActors.Simulation;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Tidy;

/// <summary>Inference ← Actors ← Simulation ← Hosts; no circles between folders of the actors; and Inference knows no socket.</summary>
public sealed class DependencyTests
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    [Fact]
    public void Assemblies_Reference_OneWayOnly()
    {
        Assert.Empty(OwnReferences(typeof(UserErrorException).Assembly));
        Assert.Equal(["SplitActors.Inference"], OwnReferences(typeof(StepActor).Assembly), StringComparer.Ordinal);
        Assert.Equal(["SplitActors.Actors", "SplitActors.Inference"], OwnReferences(typeof(SimulatedNode).Assembly), StringComparer.Ordinal);
        Assert.Equal(["SplitActors.Actors", "SplitActors.Inference", "SplitActors.Simulation"], OwnReferences(typeof(ExitCode).Assembly), StringComparer.Ordinal);
    }

    [Fact]
    public void Inference_Reference_HasNoNetwork()
    {
        var references = typeof(UserErrorException).Assembly.GetReferencedAssemblies();

        Assert.DoesNotContain(references, reference => reference.Name!.StartsWith("System.Net", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Inference", "")]
    [InlineData("Actors", "Inference")]
    [InlineData("Simulation", "Actors")]
    [InlineData("Hosts", "Simulation")]
    public void Projects_Reference_OneWayOnly(string project, string allowed)
    {
        var xml = XDocument.Parse(SourceTree.Read($"src/{project}/SplitActors.{project}.csproj"));

        var references = xml.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

        Assert.Equal(allowed.Length == 0 ? [] : [$"SplitActors.{allowed}"], references, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("src/Inference", @"SplitActors\.Actors|SplitActors\.Hosts|System\.Net|System\.IO\.Pipes|Microsoft\.AspNetCore")]
    [InlineData("src/Actors", @"SplitActors\.Simulation|SplitActors\.Hosts|Microsoft\.AspNetCore|Spectre|System\.CommandLine")]
    [InlineData("src/Simulation", @"SplitActors\.Hosts|Akka")]
    public void Files_Use_NothingAboveThem(string folder, string forbidden)
    {
        var mention = new Regex($@"\b({forbidden})\b", RegexOptions.ExplicitCapture, MatchTimeout);

        Assert.NotEmpty(SourceTree.CSharpFiles(folder));
        Assert.All(SourceTree.CSharpFiles(folder), file => Assert.DoesNotMatch(mention, SourceTree.Read(file)));
    }

    [Theory]
    [InlineData("src/Actors", "SplitActors.Actors")]
    [InlineData("src/Simulation", "SplitActors.Simulation")]
    public void Namespaces_HaveNoCircles(string folder, string root)
    {
        var space = new Regex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, MatchTimeout);
        var import = new Regex(@"^using (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, MatchTimeout);
        var uses = SourceTree.CSharpFiles(folder).Select(SourceTree.Read)
            .SelectMany(text => import.Matches(text).Select(used => (From: space.Match(text).Groups["name"].Value, To: used.Groups["name"].Value)))
            .Where(use => use.From.Length > 0 && use.From != use.To && use.To.StartsWith(root, StringComparison.Ordinal))
            .ToLookup(use => use.From, use => use.To, StringComparer.Ordinal);

        Assert.NotEmpty(uses);
        Assert.All(uses, layer => Assert.DoesNotContain(layer.Key, Reached(layer.Key, uses)));
    }

    [Fact]
    public void Packages_HaveCentralVersionsOnly()
    {
        foreach (var file in SourceTree.TextFiles.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            var packages = XDocument.Load(Repository.PathTo(file)).Descendants("PackageReference");
            Assert.All(packages, package =>
            {
                var versions = package.Attributes().Select(attribute => attribute.Name.LocalName).Concat(package.Elements().Select(element => element.Name.LocalName));
                Assert.False(versions.Any(name => name is "Version" or "VersionOverride"), $"{file}: {package}");
            });
        }
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

    private static IEnumerable<string> OwnReferences(Assembly assembly) =>
        assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => name.StartsWith("SplitActors", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
}
