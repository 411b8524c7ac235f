using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SplitActors.Actors.Stepping;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Tidy;

/// <summary>Inference ← Actors ← Hosts; and Inference knows no socket.</summary>
public sealed class DependencyTests
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    [Fact]
    public void Assemblies_Reference_OneWayOnly()
    {
        Assert.Empty(OwnReferences(typeof(UserErrorException).Assembly));
        Assert.Equal(["SplitActors.Inference"], OwnReferences(typeof(StepActor).Assembly), StringComparer.Ordinal);
        Assert.Equal(["SplitActors.Actors", "SplitActors.Inference"], OwnReferences(typeof(ExitCode).Assembly), StringComparer.Ordinal);
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
    [InlineData("Hosts", "Actors")]
    public void Projects_Reference_OneWayOnly(string project, string allowed)
    {
        var xml = XDocument.Parse(SourceTree.Read($"src/{project}/SplitActors.{project}.csproj"));

        var references = xml.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

        Assert.Equal(allowed.Length == 0 ? [] : [$"SplitActors.{allowed}"], references, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("src/Inference", @"SplitActors\.Actors|SplitActors\.Hosts|System\.Net|System\.IO\.Pipes|Microsoft\.AspNetCore")]
    [InlineData("src/Actors", @"SplitActors\.Hosts|Microsoft\.AspNetCore|Spectre|System\.CommandLine")]
    public void Files_Use_NothingAboveThem(string folder, string forbidden)
    {
        var mention = new Regex($@"\b({forbidden})\b", RegexOptions.ExplicitCapture, MatchTimeout);

        Assert.NotEmpty(SourceTree.CSharpFiles(folder));
        Assert.All(SourceTree.CSharpFiles(folder), file => Assert.DoesNotMatch(mention, SourceTree.Read(file)));
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

    private static IEnumerable<string> OwnReferences(Assembly assembly) =>
        assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => name.StartsWith("SplitActors", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
}
