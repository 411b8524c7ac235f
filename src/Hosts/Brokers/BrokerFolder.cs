using System.Globalization;
using System.Net;
using System.Text.Json;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Inference;

namespace SplitActors.Hosts.Brokers;

/// <summary>
/// What a broker and its users need, in one folder: the broker's settings, certificate and definitions, the authority, and for each user NAME a certificate and a
/// configuration file <c>NAME.json</c>. A user's machine needs <c>ca.pem</c> and NAME's three files.
/// </summary>
/// <param name="Path">Of the folder.</param>
/// <param name="Host">Name or address by which users reach the broker.</param>
/// <param name="Endpoint">Where it listens.</param>
internal sealed record BrokerFolder(string Path, string Host, IPEndPoint Endpoint)
{
    public const string AuthorityName = "ca";
    public const string BrokerName = "broker";
    public const string SchedulerName = "scheduler";
    public const string DefinitionsFile = "definitions.json";

    /// <summary>In <see cref="PrivateBroker.SettingsFile"/>.</summary>
    public const string ListenerKey = "listeners.ssl.1";

    /// <summary>In the users' configuration files: a <see cref="BrokerUri"/>.</summary>
    public const string UriKey = "amqp";

    private const string Scheme = "amqps://";

    public string Address => UriOf("");

    /// <exception cref="UserErrorException">It is no such folder.</exception>
    public static BrokerFolder Open(string path)
    {
        var settingsFile = System.IO.Path.Combine(path, PrivateBroker.SettingsFile);
        var listener = BrokerSettings.Find(Read(settingsFile), ListenerKey);
        var endpoint = EndpointOf(listener) ?? throw new UserErrorException(UserErrorKind.Options, settingsFile, $"{ListenerKey} = ADDRESS:PORT", listener ?? "none", "Correct it.");
        return new BrokerFolder(path, SchedulerOptions(path).Host, endpoint);
    }

    /// <summary>What the scheduler's configuration says, but to the broker of this machine.</summary>
    public RabbitMqOptions LocalOptions(IPEndPoint reachable)
    {
        var options = SchedulerOptions(Path);
        return options with { Host = reachable.Address.ToString(), Port = reachable.Port, Tls = options.Tls! with { ServerName = "localhost" } };
    }

    /// <summary>Held by the broker that runs here.</summary>
    /// <exception cref="UserErrorException">One runs.</exception>
    public IDisposable Lease()
    {
        Directory.CreateDirectory(File(PrivateBroker.DataFolder));
        try
        {
            return new FileStream(File(PrivateBroker.DataFolder, "lease"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new UserErrorException(UserErrorKind.Broker, $"The broker in {Path}", "that it does not run", "that it runs", "Stop it first.");
        }
    }

    /// <param name="credentials">User, password and "@", or nothing.</param>
    public string UriOf(string credentials) => $"{Scheme}{credentials}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Endpoint.Port}";

    public string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <exception cref="UserErrorException">There is none, or it cannot be read.</exception>
    public static string Read(string file)
    {
        try
        {
            return System.IO.File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(UserErrorKind.Options, file, "a file of `splitactors broker init`", failure is IOException ? "no such file" : "one that cannot be read",
                "Name a folder that `splitactors broker init` made.", failure);
        }
    }

    private static RabbitMqOptions SchedulerOptions(string folder)
    {
        var file = System.IO.Path.Combine(folder, $"{SchedulerName}.json");
        try
        {
            var uri = JsonElement.Parse(Read(file)).GetProperty("splitactors").GetProperty(UriKey).GetString() ?? throw new JsonException();
            return BrokerUri.Parse(uri, $"{file}, {UriKey}", folder);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new UserErrorException(UserErrorKind.Options, file, $"a JSON object with \"{UriKey}\"", "something else", "Mend it, or make the folder anew with `splitactors broker init --force`.", failure);
        }
    }

    private static IPEndPoint? EndpointOf(string? listener) =>
        listener?.LastIndexOf(':') is { } colon and >= 0
        && IPAddress.TryParse(listener[..colon], out var address)
        && ushort.TryParse(listener[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new IPEndPoint(address, port)
            : null;
}
