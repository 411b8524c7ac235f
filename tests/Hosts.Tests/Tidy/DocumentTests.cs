using System.Text.RegularExpressions;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Cli.Nodes;
using SplitActors.Hosts.Nodes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Tidy;

/// <summary>The documents agree with the tree and the program.</summary>
public sealed class DocumentTests
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Markdown's [text](target) and ![text](target), and HTML's src and href.</summary>
    private static readonly Regex Link = new(
        @"\]\((?<target>[^)\s]+)(\s+""[^""]*"")?\)|(src|href|srcset)=""(?<target>[^""]+)""", RegexOptions.ExplicitCapture, MatchTimeout);

    private static readonly Regex FencedCode = new("(?ms)^```.*?^```", RegexOptions.None, MatchTimeout);

    [Fact]
    public void Documents_RelativeLinks_LeadToFiles()
    {
        Assert.Contains("README.md", SourceTree.TextFiles, StringComparer.Ordinal);
        var documents = SourceTree.TextFiles.Where(file =>
            file.EndsWith(".md", StringComparison.Ordinal) && (!file.Contains('/', StringComparison.Ordinal) || file.StartsWith("docs/", StringComparison.Ordinal)));

        var broken = from document in documents
                     from Match match in Link.Matches(FencedCode.Replace(SourceTree.Read(document), ""))
                     let target = match.Groups["target"].Value
                     where !target.StartsWith('#') && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
                     let path = Path.Combine(Path.GetDirectoryName(Repository.PathTo(document))!, Uri.UnescapeDataString(target.Split('#')[0]))
                     where !Path.Exists(path)
                     select $"{document}: {target}";

        Assert.Empty(broken);
    }

    /// <summary>A model that is named would have to be one that is read, and its files are not here to tell: examples name none.</summary>
    [Fact]
    public void Examples_NameNoModel()
    {
        var name = new Regex(@"~/models/(?<name>[\w.-]+)", RegexOptions.ExplicitCapture, MatchTimeout);
        var names = SourceTree.TextFiles
            .Where(file => file == "README.md" || file.StartsWith("docs/", StringComparison.Ordinal) || file.StartsWith("src/Hosts/Cli/", StringComparison.Ordinal))
            .SelectMany(file => name.Matches(SourceTree.Read(file)).Select(match => match.Groups["name"].Value)).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, found => Assert.StartsWith("some-llama", found, StringComparison.Ordinal));
    }

    [Fact]
    public void Documents_NameEverySetting()
    {
        var text = string.Concat(new[] { "README.md", "docs/cli.md" }.Where(file => File.Exists(Repository.PathTo(file))).Select(SourceTree.Read));

        Setting[] settings = [.. RunSettings.All, RunSettings.Config, .. EdgeRole.Settings, .. WorkerRole.Settings, .. SchedulerRole.Settings, MemberAddress.PublicAddress];
        Assert.All(settings, setting => Assert.Matches($@"--{setting.Name}(?![\w-])", text));
    }

    /// <summary>What the first picture says is what the first run prints.</summary>
    [Fact]
    public void Picture_OfTheArchitecture_ShowsTheDefaultCodec()
    {
        var picture = SourceTree.Read("docs/images/architecture.svg");
        Assert.Contains(">rd codec,<", picture, StringComparison.Ordinal);
        Assert.Contains("frame, ~120 bytes", picture, StringComparison.Ordinal);
        Assert.Contains("about 120 as sent", SourceTree.Read("README.md"), StringComparison.Ordinal);
        Assert.Matches(@"sent 120\.\d B", SourceTree.Read("README.md"));
    }

    [Fact]
    public void Documents_NameEveryExitCode()
    {
        var text = SourceTree.Read("README.md") + (File.Exists(Repository.PathTo("docs", "cli.md")) ? SourceTree.Read("docs/cli.md") : "");
        var codes = typeof(ExitCode).GetFields().Where(field => field.IsLiteral).Select(field => (int)field.GetRawConstantValue()!);

        Assert.All(codes, code => Assert.Matches($@"\b{code}\b", text));
    }

    [Fact]
    public void Tree_NamesNoMachine()
    {
        // In halves, or this file would be found.
        string[] folders = ["/" + "work/", "/" + "root/", "/" + "home/", "../" + "shared"];
        string[] hosts = ["api.nuget" + ".org", "registry.npmjs" + ".org", "pypi" + ".org", "proxy.golang" + ".org", "crates" + ".io"];
        var addressInUrl = new Regex(@"https?://(?!127\.0\.0\.1\b|0\.0\.0\.0\b)\d+\.\d+\.\d+\.\d+", RegexOptions.None, MatchTimeout);

        var mentions = from file in SourceTree.TextFiles
                       let text = SourceTree.Read(file)
                       from mention in folders.Concat(hosts)
                       where text.Contains(mention, StringComparison.Ordinal)
                       select $"{file}: {mention}";

        Assert.Empty(mentions);
        Assert.All(SourceTree.TextFiles, file => Assert.DoesNotMatch(addressInUrl, SourceTree.Read(file)));
    }
}
