using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Brokers;

[Trait("Needs", "Broker")]
public sealed class BrokerRunTests : IDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _place = new();
    private readonly int _port = PrivateBroker.FreePorts(1)[0];

    private string Folder => _place.PathTo("a cluster");

    public void Dispose() => _place.Dispose();

    [BrokerFact]
    public async Task Run_LetsItsUsersIn_AndNobodyElse_AndEndsWithASignal()
    {
        await InitAsync();
        using (var broker = await RunAsync())
        {
            foreach (var user in new[] { "scheduler", "w1", "d1" })
                await ConnectAsync(OptionsOf(user));
            var refused = await Assert.ThrowsAsync<UserErrorException>(() => ConnectAsync(OptionsOf("d1") with { Password = OptionsOf("w1").Password }));
            Assert.Equal(UserErrorKind.Cluster, refused.Kind);

            (await SplitActorsProcess.RunAsync("broker", "run", Folder)).Refused(ExitCode.Cluster, "Stop it first");
            (await SplitActorsProcess.RunAsync("broker", "init", Folder, "--force")).Refused(ExitCode.Cluster, "Stop it first");
            (await SplitActorsProcess.RunAsync("broker", "add", Folder, "--device", "d2")).Succeeded();
            await Assert.ThrowsAsync<UserErrorException>(() => ConnectAsync(OptionsOf("d2"))); // it does not know of it yet
            await broker.SignalAsync("INT");
            var ended = await broker.WaitAsync();
            Assert.Equal(ExitCode.Interrupted, ended.ExitCode);
            Assert.Empty(ended.Error);
        }

        Assert.False(await IsOpenAsync());
        using var again = await RunAsync();
        await ConnectAsync(OptionsOf("d2"));
        await again.SignalAsync("TERM");
        Assert.Equal(ExitCode.Terminated, (await again.WaitAsync()).ExitCode);
    }

    [BrokerFact]
    public async Task Run_ThatIsKilled_TakesTheBrokerWithIt()
    {
        await InitAsync();
        using var broker = await RunAsync();
        await broker.SignalAsync("KILL");
        await broker.WaitAsync();
        using var limit = new CancellationTokenSource(TimeMax);
        while (await IsOpenAsync())
            limit.Token.ThrowIfCancellationRequested();
    }

    [BrokerFact]
    public async Task Run_WithSettingsThatRabbitMqRefuses_SaysWhereTheReasonIs()
    {
        await InitAsync();
        await File.AppendAllTextAsync(Path.Combine(Folder, "rabbitmq.conf"), "heartbeats = 3\n");
        (await SplitActorsProcess.RunAsync("broker", "run", Folder)).Refused(ExitCode.Cluster, "it ended", "broker.log");
        Assert.Contains("heartbeats", await File.ReadAllTextAsync(Path.Combine(Folder, "log", "broker.log")), StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Run_OnAPortThatIsTaken_SaysSo()
    {
        await InitAsync();
        using var other = new TcpListener(IPAddress.Loopback, _port);
        other.Start();
        (await SplitActorsProcess.RunAsync("broker", "run", Folder)).Refused(ExitCode.Cluster, $"127.0.0.1:{_port}", "rabbitmq.conf");
    }

    [Fact]
    public async Task Run_OfNoBrokersFolder_IsRefused() =>
        (await SplitActorsProcess.RunAsync("broker", "run", Folder)).Refused(ExitCode.Options, "rabbitmq.conf", "splitactors broker init");

    private static async Task ConnectAsync(RabbitMqOptions options)
    {
        var transport = await RabbitMqTransport.ConnectAsync(options, TimeProvider.System, seed: 0, report: _ => { });
        await transport.DisposeAsync();
    }

    private async Task InitAsync()
    {
        var port = _port.ToString(CultureInfo.InvariantCulture);
        (await SplitActorsProcess.RunAsync("broker", "init", Folder, "--worker", "w1", "--device", "d1", "--port", port)).Succeeded();
    }

    /// <summary>Waits until it is ready.</summary>
    private async Task<RunningProcess> RunAsync()
    {
        var broker = new SplitActorsProcess("broker", "run", Folder).Start();
        Assert.Equal($"broker: amqps://localhost:{_port} ready\n", Encoding.UTF8.GetString(await broker.ReadOutputAsync()));
        return broker;
    }

    private RabbitMqOptions OptionsOf(string user)
    {
        var file = Path.Combine(Folder, $"{user}.json");
        return BrokerUri.Parse(JsonNode.Parse(File.ReadAllText(file))!["amqp"]!.GetValue<string>(), file, Folder);
    }

    private async Task<bool> IsOpenAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
