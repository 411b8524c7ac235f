using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SplitActors.Tests.Shared;

/// <summary>
/// A RabbitMQ broker of a test's own, on loopback, with the settings of deploy/rabbitmq. It ends with the test host, however that ends: a shell
/// waits at a pipe that the host holds, and then kills the whole process group.
/// </summary>
internal sealed class BrokerNode : IDisposable
{
    /// <summary>A broker takes some 5 s to start on two cores; others may be at work beside it.</summary>
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan StopTimeMax = TimeSpan.FromSeconds(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("splitactors-broker-").FullName;
    private readonly int _distributionPort;
    private readonly int _nameServerPort;
    private Process? _process;

    /// <param name="definitions">Virtual host, users and the like, as JSON.</param>
    /// <param name="tls">PEM texts: authority, certificate, key; null for no TLS.</param>
    public BrokerNode(string definitions, (string Authority, string Certificate, string Key)? tls = null)
    {
        int[] ports = FreePorts(4);
        (Port, TlsPort, _distributionPort, _nameServerPort) = (ports[0], ports[1], ports[2], ports[3]);
        File.WriteAllText(InFolder("definitions.json"), definitions);
        File.WriteAllText(InFolder("enabled_plugins"), "[].");
        File.WriteAllText(InFolder("rabbitmq.conf"), Settings(tls is not null));
        if (tls is not { } pem)
            return;
        File.WriteAllText(InFolder("ca.pem"), pem.Authority);
        File.WriteAllText(InFolder("broker.pem"), pem.Certificate);
        File.WriteAllText(InFolder("broker.key"), pem.Key);
    }

    /// <summary>Null if there is none.</summary>
    public static string? Executable { get; } = FindExecutable();

    /// <summary>Without TLS.</summary>
    public int Port { get; }

    public int TlsPort { get; }

    /// <summary>What it wrote, for a failure's message.</summary>
    public string Log => File.Exists(InFolder("log")) ? File.ReadAllText(InFolder("log")) : "";

    /// <summary>Starts it, again if it was killed, and waits until it accepts connections.</summary>
    public async Task StartAsync()
    {
        // The name server must be there first: Erlang would start one that leaves the process group.
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, UseShellExecute = false };
        start.ArgumentList.Add("bash");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(
            $"""
             exec >>'{InFolder("log")}' 2>&1
             epmd -port {_nameServerPort} -address 127.0.0.1 &
             until epmd -port {_nameServerPort} -names; do sleep 0.05; done
             '{Executable}' &
             read -r _
             kill -KILL 0
             """);
        foreach (var (name, value) in Environment())
            start.Environment[name] = value;
        _process = Process.Start(start);

        using var limit = new CancellationTokenSource(StartTimeMax);
        while (!await IsListeningAsync())
        {
            if (_process!.HasExited || limit.IsCancellationRequested)
                throw new InvalidOperationException($"The broker did not start: {Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>As if its machine lost power; what is on its disk stays.</summary>
    public void Kill()
    {
        _process?.StandardInput.Close();
        _process?.WaitForExit(StopTimeMax);
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? FindExecutable()
    {
        // Debian's program on the PATH changes to a user of its own; behind it is the real one.
        const string Real = "/usr/lib/rabbitmq/bin/rabbitmq-server";
        if (File.Exists(Real))
            return Real;
        var folders = System.Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return folders.Select(folder => Path.Combine(folder, "rabbitmq-server")).FirstOrDefault(File.Exists);
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    /// <summary>Those that are deployed, but for places.</summary>
    private string Settings(bool hasTls)
    {
        string[] places = ["listeners.", "load_definitions", "ssl_options.cacertfile", "ssl_options.certfile", "ssl_options.keyfile"];
        var deployed = File.ReadAllLines(Repository.PathTo("deploy", "rabbitmq", "rabbitmq.conf"));
        List<string> settings =
        [
            .. deployed.Where(line => !places.Any(place => line.StartsWith(place, StringComparison.Ordinal)) && (hasTls || !line.StartsWith("ssl_options.", StringComparison.Ordinal))),
            $"listeners.tcp.1 = 127.0.0.1:{Port}",
            $"load_definitions = {InFolder("definitions.json")}",
        ];
        if (hasTls)
        {
            settings.Add($"listeners.ssl.1 = 127.0.0.1:{TlsPort}");
            settings.Add($"ssl_options.cacertfile = {InFolder("ca.pem")}");
            settings.Add($"ssl_options.certfile = {InFolder("broker.pem")}");
            settings.Add($"ssl_options.keyfile = {InFolder("broker.key")}");
        }

        return string.Join('\n', settings) + "\n";
    }

    private Dictionary<string, string> Environment() => new(StringComparer.Ordinal)
    {
        ["HOME"] = _folder, // of the cookie
        ["ERL_EPMD_PORT"] = _nameServerPort.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_NODENAME"] = $"splitactors-{Port}@localhost",
        ["RABBITMQ_DIST_PORT"] = _distributionPort.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["RABBITMQ_CONF_ENV_FILE"] = InFolder("none"),
        ["RABBITMQ_CONFIG_FILE"] = InFolder("rabbitmq.conf"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = InFolder("enabled_plugins"),
        ["RABBITMQ_MNESIA_BASE"] = InFolder("mnesia"),
        ["RABBITMQ_LOG_BASE"] = InFolder("logs"),
        ["RABBITMQ_PID_FILE"] = InFolder("pid"),
    };

    private async Task<bool> IsListeningAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
