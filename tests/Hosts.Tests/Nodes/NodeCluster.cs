using System.Globalization;
using System.Text;
using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>A broker's folder with users gpu1, gpu2, gateway1, gateway2, and processes of them, started as a user starts them.</summary>
public sealed class NodeCluster : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _place = new();
    private readonly int _port = PrivateBroker.FreePorts(1)[0];
    private RunningProcess? _broker;

    public string Address => $"amqps://localhost:{_port}";

    public string ConfigOf(string user) => _place.PathTo("cluster", $"{user}.json");

    /// <summary>Only the folder.</summary>
    public async Task InitializeAsync()
    {
        if (PrivateBroker.Executable is null)
            return; // its tests are skipped
        var port = _port.ToString(CultureInfo.InvariantCulture);
        (await SplitActorsProcess.RunAsync(
            "broker", "init", _place.PathTo("cluster"), "--worker", "gpu1", "--worker", "gpu2", "--device", "gateway1", "--device", "gateway2", "--port", port)).Succeeded();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _broker?.Dispose();
        _place.Dispose();
    }

    /// <summary>Once for all tests.</summary>
    public async Task RunBrokerAsync()
    {
        if (_broker is not null)
            return;
        _broker = new SplitActorsProcess("broker", "run", _place.PathTo("cluster")) { TimeLimit = TimeSpan.FromMinutes(5) }.Start();
        Assert.Equal($"broker: {Address} ready\n", Encoding.UTF8.GetString(await _broker.ReadOutputAsync()));
    }

    internal NodeProcess Scheduler(params string[] options) => new(["scheduler", "--config", ConfigOf("scheduler"), .. options]);

    internal NodeProcess Worker(string user, params string[] options) => new(["worker", "--config", ConfigOf(user), "--threads", "1", .. options]);

    internal NodeProcess Edge(string user, string prompt, int maxTokens, params string[] options) =>
        new(["edge", prompt, "--config", ConfigOf(user), "--threads", "1", "--max-tokens", $"{maxTokens}", .. options]);

    public static async Task<string> UndisturbedAsync(string prompt, int maxTokens) =>
        (await SplitActorsProcess.RunAsync("run", prompt, "--max-tokens", $"{maxTokens}", "--threads", "1")).Text;

    /// <summary>All leave when they are asked to.</summary>
    internal static async Task EndAsync(params NodeProcess[] nodes)
    {
        foreach (var node in nodes)
        {
            await node.SignalAsync("TERM");
            Assert.Equal(ExitCode.Success, (await node.EndAsync()).ExitCode);
        }
    }
}
