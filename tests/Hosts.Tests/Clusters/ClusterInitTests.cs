using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Clusters;

public sealed class ClusterInitTests : IDisposable
{
    private static readonly string[] Small = ["--node", "cloud1", "--node", "gpu1", "--device", "pi1"];

    private readonly TemporaryFolder _place = new();

    private string Folder => _place.PathTo("cluster");

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Init_MakesPartsOfEachProcess_WithoutTheAuthoritiesKeys()
    {
        var report = JsonNode.Parse((await InitAsync([.. Small, "--port", "7100", "--json"])).Succeeded().Output)!;

        Assert.True(report["made"]!.GetValue<bool>());
        Assert.Equal([7100, 7101, null], report["processes"]!.AsArray().Select(process => (int?)process!["port"]));
        Assert.EndsWith($"edge \"Once upon a time\" --config {Folder}/pi1.conf", report["processes"]![2]!["start"]!.GetValue<string>(), StringComparison.Ordinal);
        var conf = File.ReadAllText(_place.PathTo("cluster", "gpu1.conf"));
        Assert.Contains("listen = \"127.0.0.1:7101\"", conf, StringComparison.Ordinal);
        Assert.Contains("join = [\"127.0.0.1:7100\", \"127.0.0.1:7101\"]", conf, StringComparison.Ordinal);
        var authority = File.ReadAllText(_place.PathTo("cluster", "authorities", "nodes.key"));
        Assert.All(Directory.GetFiles(Folder, "*", SearchOption.AllDirectories), file =>
        {
            if (file.EndsWith(".key", StringComparison.Ordinal) && !OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            if (!file.Contains("/authorities/", StringComparison.Ordinal))
                Assert.DoesNotContain(authority.Trim(), File.ReadAllText(file), StringComparison.Ordinal);
        });
        Assert.Equal([Folder], Directory.GetFileSystemEntries(_place.Path), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Init_OnSeveralMachines_GivesAllOnePort()
    {
        (await InitAsync("--node", "cloud1", "--node", "gpu1", "--host", "cloud1=10.0.0.1", "--host", "gpu1=gpu1.example")).Succeeded();

        Assert.Contains("join = [\"10.0.0.1:7070\", \"gpu1.example:7070\"]", File.ReadAllText(_place.PathTo("cluster", "cloud1.conf")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--node", "--node gpu1.lan", "'gpu1.lan'", "--host NAME=HOST")]
    [InlineData("--node", "--node a/b", "'a/b'")]
    [InlineData("--device", "--node a --device ü", "'ü'")]
    [InlineData("--node", "--node authorities", "'authorities'")]
    [InlineData("--node and --device", "--node pi1 --device PI1", "given twice")]
    [InlineData("--node", "--device pi1", "at least one node")]
    [InlineData("--host", "--node a --host b=10.0.0.1", "'b'")]
    [InlineData("--host", "--node a --host a", "NAME=HOST")]
    [InlineData("--host", "--node a --host a=0.0.0.0", "NAME=HOST")]
    [InlineData("--host", "--node a --host a=x --host a=y", "one host of a")]
    [InlineData("--host", "--node a --node b --host a=10.0.0.1", "Add --host b=HOST")]
    [InlineData("--port", "--node a --port 0", "1 to 65535")]
    [InlineData("--port", "--node a --node b --port 65535", "'127.0.0.1'", "65535")]
    public async Task Init_WrongNameOrHost_IsRefusedAtTheEntrance(string option, string options, params string[] named)
    {
        (await InitAsync(options.Split(' '))).Refused(ExitCode.Options, [option, .. named.Select(name => name.Trim('\''))]);
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public async Task Init_NameOf300Letters_IsRefused() => (await InitAsync("--node", new string('a', 300))).Refused(ExitCode.Options, "--node", "1 to 63 letters");

    [Fact]
    public async Task Init_WhatIsThere_IsKeptUnlessReplaced()
    {
        (await InitAsync(Small)).Succeeded();
        var key = _place.PathTo("cluster", "gpu1", "node.key");
        var first = File.ReadAllText(key);

        Assert.Contains("there already", (await InitAsync(Small)).Succeeded().Output, StringComparison.Ordinal);
        (await InitAsync("--node", "cloud1")).Refused(ExitCode.Output, Folder, "another cluster's files", "--replace");
        Assert.Equal(first, File.ReadAllText(key));

        (await InitAsync([.. Small, "--replace"])).Succeeded();
        Assert.NotEqual(first, File.ReadAllText(key), StringComparer.Ordinal);
        Assert.Equal([Folder], Directory.GetFileSystemEntries(_place.Path), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Init_SomethingElseIsThere_IsNeverReplaced()
    {
        _place.Write("cluster/letter.txt", "dear");

        (await InitAsync([.. Small, "--replace"])).Refused(ExitCode.Output, Folder, "something else");
        Assert.Equal("dear", File.ReadAllText(_place.PathTo("cluster", "letter.txt")));
    }

    [Fact]
    public async Task Init_AfterOneThatWasInterrupted_BeginsAnew()
    {
        _place.Write("cluster.unfinished/authorities/nodes.key", "half");

        (await InitAsync(Small)).Succeeded();
        Assert.Equal([Folder], Directory.GetFileSystemEntries(_place.Path), StringComparer.Ordinal);
    }

    private Task<ProcessResult> InitAsync(params string[] options) => SplitActorsProcess.RunAsync(["cluster", "init", Folder, .. options]);
}
