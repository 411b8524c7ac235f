using System.Text.RegularExpressions;

namespace SplitActors.Hosts.Tests.Tidy;

/// <summary>What a machine can check of the house style.</summary>
public sealed class CodeTidyTests
{
    private const int LinesMax = 400;
    private const int LinesMaxWithReason = 800;
    private const int LinesMedianMax = 120;

    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Files above <see cref="LinesMax"/>, each with the reason. Better to split the file than to add it here.</summary>
    private static readonly Dictionary<string, string> ReasonsForLength = new(StringComparer.Ordinal);

    /// <summary>Parts of names that say nothing about what is inside.</summary>
    private static readonly string[] EmptyWords = ["Util", "Utils", "Utility", "Utilities", "Helper", "Helpers", "Common", "Manager", "Managers", "Misc"];

    [Fact]
    public void Files_AreShort()
    {
        var tooLong = SourceTree.CSharpFiles("src", "tests", "benchmarks")
            .Select(file => (File: file, LineCount: SourceTree.ReadLines(file).Length))
            .Where(entry => entry.LineCount > (ReasonsForLength.ContainsKey(entry.File) ? LinesMaxWithReason : LinesMax));

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Files_MedianIsShorter()
    {
        var lineCounts = SourceTree.CSharpFiles("src").Select(file => SourceTree.ReadLines(file).Length).Order().ToArray();

        Assert.InRange(lineCounts[lineCounts.Length / 2], 1, LinesMedianMax);
    }

    [Fact]
    public void Functions_LengthIsLimitedByAnalyzer()
    {
        var config = SourceTree.Read(".editorconfig");

        Assert.Matches(@"(?m)^dotnet_diagnostic\.MA0051\.severity = (warning|error)$", config);
        Assert.Matches(@"(?m)^MA0051\.maximum_lines_per_method = 70$", config);
    }

    [Fact]
    public void Names_SayWhatIsInside()
    {
        var word = new Regex("[A-Z][a-z]+", RegexOptions.None, MatchTimeout);
        var type = new Regex(@"\b(?:class|struct|record|interface|enum)\s+(?<name>[A-Z]\w*)", RegexOptions.None, MatchTimeout);

        var names = SourceTree.CSharpFiles("src", "tests", "benchmarks").SelectMany(file =>
            file[..^".cs".Length].Split('/', '.').Concat(type.Matches(SourceTree.Read(file)).Select(match => match.Groups["name"].Value)).Select(name => (file, name)));

        Assert.DoesNotContain(names, entry => word.Matches(entry.name).Any(match => EmptyWords.Contains(match.Value, StringComparer.Ordinal)));
    }

    [Fact]
    public void Sources_HoldNothingUnfinished()
    {
        var unfinished = new Regex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException", RegexOptions.ExplicitCapture, MatchTimeout);

        Assert.All(SourceTree.CSharpFiles("src"), file => Assert.DoesNotMatch(unfinished, SourceTree.Read(file)));
    }

    [Fact]
    public void Namespaces_AreFileScoped()
    {
        var files = SourceTree.CSharpFiles("src", "tests", "benchmarks").Where(file => Path.GetFileName(file) is not ("Program.cs" or "GlobalUsings.cs"));

        Assert.All(files, file => Assert.Single(SourceTree.ReadLines(file), line =>
            line.StartsWith("namespace ", StringComparison.Ordinal) && line.EndsWith(';')));
    }
}
