using System.Net;
using SplitActors.Hosts.Brokers;
using SplitActors.Inference;

namespace SplitActors.Tests.Shared;

/// <summary>A broker of a test's own, on loopback, with the settings of deploy/rabbitmq and, for tests that need no TLS, a listener without it.</summary>
internal sealed class BrokerNode : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("splitactors-broker-").FullName;
    private readonly PrivateBroker _broker;

    /// <param name="definitions">Virtual host, users and the like, as JSON.</param>
    /// <param name="tls">PEM texts: authority, certificate, key; null for no TLS.</param>
    public BrokerNode(string definitions, (string Authority, string Certificate, string Key)? tls = null)
    {
        int[] ports = PrivateBroker.FreePorts(2);
        (Port, TlsPort) = (ports[0], ports[1]);
        _broker = new PrivateBroker(_folder, new IPEndPoint(IPAddress.Loopback, Port));
        Write("definitions.json", definitions);
        Write(PrivateBroker.SettingsFile, Settings(tls is not null));
        if (tls is not { } pem)
            return;
        Write("ca.pem", pem.Authority);
        Write("broker.pem", pem.Certificate);
        Write("broker.key", pem.Key);
    }

    /// <summary>Without TLS.</summary>
    public int Port { get; }

    public int TlsPort { get; }

    /// <summary>Starts it, again if it was killed, and waits until it accepts connections.</summary>
    public async Task StartAsync()
    {
        try
        {
            await _broker.StartAsync();
        }
        catch (UserErrorException failure) when (File.Exists(_broker.LogFile))
        {
            throw new InvalidOperationException($"{failure.Message}\n{File.ReadAllText(_broker.LogFile)}", failure);
        }
    }

    /// <summary>As if its machine lost power; what is on its disk stays.</summary>
    public void Kill() => _broker.Kill();

    public void Dispose()
    {
        Kill();
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    /// <summary>Those that are deployed, but for places.</summary>
    private string Settings(bool hasTls)
    {
        var deployed = File.ReadAllText(Repository.PathTo("deploy", "rabbitmq", "rabbitmq.conf"));
        if (!hasTls)
            deployed = string.Join('\n', deployed.Split('\n').Where(line => !line.StartsWith("ssl_options.", StringComparison.Ordinal)));
        return BrokerSettings.With(deployed, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["listeners.tcp"] = null,
            ["listeners.tcp.1"] = $"127.0.0.1:{Port}",
            ["listeners.ssl.default"] = null,
            ["listeners.ssl.1"] = hasTls ? $"127.0.0.1:{TlsPort}" : null,
            ["load_definitions"] = "definitions.json",
            ["ssl_options.cacertfile"] = hasTls ? "ca.pem" : null,
            ["ssl_options.certfile"] = hasTls ? "broker.pem" : null,
            ["ssl_options.keyfile"] = hasTls ? "broker.key" : null,
        });
    }
}
