using System.CommandLine;
using System.Text.RegularExpressions;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Cli.Nodes;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Hosts.Tests.Tidy;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>The files in <c>hocon/</c> name every setting, and change nothing as they are.</summary>
public sealed class SettingFileTests : IDisposable
{
    private static readonly Regex Example = new(@"(?m)^  # (?<name>[\w-]+) = ", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

    private readonly TemporaryFolder _folder = new();

    private static readonly string[] Names = ["run", "scheduler", "worker", "cloud", "edge"];

    public static TheoryData<string> Commands => [.. Names];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public void File_OfACommand_NamesEachOfItsSettingsOnce(string command)
    {
        var named = Example.Matches(SourceTree.Read($"hocon/{command}.conf")).Select(match => match.Groups["name"].Value);

        Assert.Equal(SettingsOf(command).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void File_OfACommand_ReadsAsIfItWereNotThere(string command)
    {
        var file = Read(command, Repository.PathTo("hocon", $"{command}.conf"));

        Assert.All(SettingsOf(command), name => Assert.Null(file.Find(name)));
        Assert.Null(file.Overrides);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Examples_OfACommand_CanBeTaken(string command)
    {
        _folder.Write("all.conf", Example.Replace(SourceTree.Read($"hocon/{command}.conf"), match => match.Value.Replace("# ", "", StringComparison.Ordinal)));

        var file = Read(command, _folder.PathTo("all.conf"));

        Assert.All(SettingsOf(command), name => Assert.False(string.IsNullOrEmpty(file.Find(name))));
    }

    [Fact]
    public void Reference_ListsEverySettingAndItsCommands()
    {
        var reference = SourceTree.Read("hocon/reference.conf");
        foreach (var name in Names.SelectMany(SettingsOf).Distinct(StringComparer.Ordinal))
        {
            var line = Assert.Single(reference.Split('\n'), line => line.StartsWith($"  # {name}: ", StringComparison.Ordinal));
            Assert.Equal(Names.Where(command => SettingsOf(command).Contains(name, StringComparer.Ordinal)).Order(StringComparer.Ordinal), line[$"  # {name}: ".Length..].Split(", ").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        }
    }

    [Theory]
    [InlineData("akka { cluster.gossip-interval = 1s }", null)]
    [InlineData("akka.actor.serializers.json = \"Akka.Serialization.NewtonSoftJsonSerializer, Akka\"", "without akka.actor.serializers")]
    [InlineData("akka.remote.dot-netty.tcp.public-port = 1", "without akka.remote.dot-netty.tcp.public-port")]
    [InlineData("akka { remote { dot-netty.tcp { enable-ssl = off } } }", "without akka.remote.dot-netty.tcp.enable-ssl")]
    public void Overrides_OfAkka_AreTaken_ExceptForWhatKeepsStrangersOut(string text, string? refused)
    {
        _folder.Write("a.conf", text);
        if (refused is null)
            Assert.Equal(TimeSpan.FromSeconds(1), Read("worker", _folder.PathTo("a.conf")).Overrides!.GetTimeSpan("akka.cluster.gossip-interval", default));
        else
            Assert.Contains(refused, Assert.Throws<Inference.UserErrorException>(() => Read("worker", _folder.PathTo("a.conf"))).Message, StringComparison.Ordinal);
    }

    private static ConfigFile Read(string command, string path)
    {
        var parsed = new RootCommand { new Command(command) }.Parse([command]);
        return ConfigFile.Read((path, "--config"), parsed, command, [.. Of(command)], isMember: command != "run");
    }

    private static IEnumerable<string> SettingsOf(string command) => Of(command).Select(setting => setting.Name).Distinct(StringComparer.Ordinal);

    private static IReadOnlyList<Setting> Of(string command) => command switch
    {
        "run" => RunSettings.All,
        "scheduler" => SchedulerCommand.Settings,
        "worker" => WorkerCommand.Settings,
        "cloud" => CloudCommand.Settings,
        _ => EdgeRole.Settings,
    };
}
