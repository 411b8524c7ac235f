using System.Text.Json.Nodes;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Brokers;

public sealed class BrokerInitTests : IDisposable
{
    private readonly TemporaryFolder _place = new();

    private string Folder => _place.PathTo("cluster");

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Init_GivesEachUserAUri_AndKeepsSecretsFromOthers()
    {
        var output = (await InitAsync("--worker", "gpu1", "--worker", "gpu2", "--device", "gateway1")).Succeeded().Output;

        Assert.Matches(@"(?m)^broker +amqps://localhost:5671, listens on 127\.0\.0\.1:5671$", output);
        Assert.Matches($"(?m)^next +splitactors broker run {Folder}$", output);
        foreach (var user in new[] { "scheduler", "gpu1", "gpu2", "gateway1" })
        {
            var options = BrokerUri.Parse(UriIn($"{user}.json"), "amqp", Folder);
            Assert.Equal($"{user}@localhost:5671/splitactors with TLS", options.ToString());
            Assert.Equal($"CN={user}", options.Tls!.ClientCertificate.Subject);
            Assert.DoesNotContain(options.Password, output, StringComparison.Ordinal);
            Assert.DoesNotContain(options.Password, File.ReadAllText(PathTo("definitions.json")), StringComparison.Ordinal);
        }

        Assert.Equal(UriIn("scheduler.json"), UriIn("cloud.json"));
        Assert.Equal(UriIn("gpu1.json"), UriIn("cloud.json", "worker-amqp"));
        foreach (var file in Directory.EnumerateFiles(Folder).Where(file => Path.GetExtension(file) is ".key" or ".json"))
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
    }

    [Fact]
    public async Task Init_Json_SaysWhereEverythingIs()
    {
        var json = (await InitAsync("--device", "gateway1", "--host", "broker.example", "--port", "12345", "--json")).Succeeded().Output;

        var root = JsonNode.Parse(json)!;
        Assert.Equal("amqps://broker.example:12345", root["uri"]!.GetValue<string>());
        Assert.Equal("0.0.0.0:12345", root["listener"]!.GetValue<string>()); // others are to reach it
        Assert.Equal(["scheduler", "device"], root["users"]!.AsArray().Select(user => user!["role"]!.GetValue<string>()), StringComparer.Ordinal);
        Assert.All(root["users"]!.AsArray(), user => Assert.True(File.Exists(user!["config"]!.GetValue<string>())));
        Assert.False(File.Exists(PathTo("cloud.json"))); // there is no worker
        Assert.Equal("0.0.0.0:12345", BrokerSettings.Find(File.ReadAllText(PathTo("rabbitmq.conf")), "listeners.ssl.1"));
    }

    [Fact]
    public async Task Init_OfWhatIsThere_ReplacesItOnlyWithForce()
    {
        (await InitAsync("--device", "d1")).Succeeded();
        var before = UriIn("d1.json");

        (await InitAsync("--device", "d1")).Refused(ExitCode.Output, Folder, "--force");
        Assert.Equal(before, UriIn("d1.json"));
        (await InitAsync("--device", "d1", "--force")).Succeeded();
        Assert.NotEqual(before, UriIn("d1.json"), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Init_OfAFolderWithOtherFiles_LeavesThemAlone()
    {
        _place.Write("cluster/thesis.txt", "ten years of work");
        (await InitAsync("--force")).Refused(ExitCode.Output, Folder, "other files");
        Assert.Single(Directory.EnumerateFileSystemEntries(Folder));
    }

    [Theory]
    [InlineData("--device", "a/b", "a/b")]
    [InlineData("--device", "scheduler", "scheduler")]
    [InlineData("--device", "broker", "broker")]
    [InlineData("--device", "cloud", "cloud")]
    [InlineData("--worker", "", "letters")]
    [InlineData("--host", "a b", "--host")]
    [InlineData("--bind", "broker.example", "--bind")]
    [InlineData("--port", "0", "--port")]
    public async Task Init_WithWhatCannotBe_IsRefused(string option, string value, string named)
    {
        (await InitAsync(option, value)).Refused(ExitCode.Options, named);
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public async Task Add_GivesNewUsersWhatTheyNeed_AndLeavesOthersAlone()
    {
        (await InitAsync("--device", "d1", "--worker", "w1")).Succeeded();
        var before = UriIn("d1.json");
        var output = (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d2")).Succeeded().Output;

        Assert.Contains("rabbitmqctl import_definitions", output, StringComparison.Ordinal);
        Assert.Equal("d2", BrokerUri.Parse(UriIn("d2.json"), "amqp", Folder).User);
        Assert.Equal(before, UriIn("d1.json"));
        var definitions = JsonNode.Parse(File.ReadAllText(PathTo("definitions.json")))!;
        Assert.Equal(["scheduler", "w1", "d1", "d2"], NamesIn("users", "name"), StringComparer.Ordinal);
        Assert.Equal(["scheduler", "w1", "d1", "d2"], NamesIn("permissions", "user"), StringComparer.Ordinal);
        Assert.Equal(8, NamesIn("topic_permissions", "user").Count());

        IEnumerable<string> NamesIn(string list, string key) => definitions[list]!.AsArray().Select(entry => entry![key]!.GetValue<string>());
    }

    [Fact]
    public async Task Add_OfAUserThatThereIs_NeedsForce()
    {
        (await InitAsync("--device", "d1")).Succeeded();
        var before = UriIn("d1.json");
        (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--worker", "d1")).Refused(ExitCode.Options, "d1", "--force");
        Assert.Equal(before, UriIn("d1.json"));
        (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d1", "--force")).Succeeded();
        Assert.NotEqual(before, UriIn("d1.json"), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Add_ToWhatIsNoBrokersFolder_IsRefused()
    {
        (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d1")).Refused(ExitCode.Options, "rabbitmq.conf", "splitactors broker init");
        (await InitAsync()).Succeeded();
        (await SplitActorsProcess.RunAsync("broker", "add", Folder)).Refused(ExitCode.Options, "--device");
        File.WriteAllText(PathTo("definitions.json"), "[]");
        (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d1")).Refused(ExitCode.Options, "definitions.json");
        File.WriteAllText(PathTo("scheduler.json"), "{}");
        (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d1")).Refused(ExitCode.Options, "scheduler.json");
    }

    private Task<ProcessResult> InitAsync(params string[] arguments) => SplitActorsProcess.RunAsync(["broker", "init", Folder, .. arguments]);

    private string PathTo(string file) => Path.Combine(Folder, file);

    private string UriIn(string file, string key = "amqp") => JsonNode.Parse(File.ReadAllText(PathTo(file)))![key]!.GetValue<string>();
}
