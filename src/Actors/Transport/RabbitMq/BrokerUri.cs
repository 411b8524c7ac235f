using System.Net;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>
/// A broker and a user of it in one text, with RabbitMQ's own query parameters (https://www.rabbitmq.com/docs/uri-query-parameters):
/// <c>amqps://user:password@host:port/vhost?cacertfile=ca.pem&amp;certfile=user.pem&amp;keyfile=user.key&amp;server_name_indication=name</c>, or <c>amqp://user:password@localhost</c>
/// without encryption.
/// </summary>
public static class BrokerUri
{
    private const string Form = "amqps://user:password@host:port/vhost?cacertfile=…&certfile=…&keyfile=…";
    private const string AuthorityFile = "cacertfile";
    private const string CertificateFile = "certfile";
    private const string KeyFile = "keyfile";
    private const string ServerName = "server_name_indication";
    private const string Verify = "verify";
    private const string VerifyPeer = "verify_peer"; // there is no other way here

    private static readonly string[] Files = [AuthorityFile, CertificateFile, KeyFile];
    private static readonly string[] Parameters = [.. Files, ServerName, Verify];

    /// <param name="uri">Special characters of its parts as %40 and the like. Without a port: the protocol's own; without a virtual host: <c>splitactors</c>.</param>
    /// <param name="place">Where it stands, for errors, which do not repeat the password.</param>
    /// <param name="baseFolder">That its files are relative to.</param>
    /// <exception cref="UserErrorException">It is malformed, a file in it cannot be read, or a password would cross a network in the clear.</exception>
    public static RabbitMqOptions Parse(string uri, string place, string baseFolder)
    {
        if (!uri.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate(uri, UriKind.Absolute, out var parsed))
            throw Wrong(place, Form, "a text that cannot be read so", "Write special characters of the password as %40 and the like.");
        if (parsed.Scheme is not ("amqps" or "amqp"))
            throw Wrong(place, Form, $"{parsed.Scheme}://", "Name a RabbitMQ broker.");
        if (parsed.Host.Length == 0)
            throw Wrong(place, Form, "no host", "Name the broker's host.");
        var options = new RabbitMqOptions
        {
            Host = parsed.IdnHost,
            Port = parsed.Port > 0 ? parsed.Port : null,
            VirtualHost = Uri.UnescapeDataString(parsed.AbsolutePath.TrimStart('/')) is { Length: > 0 } named ? named : BrokerTopology.VirtualHost,
            User = UserOf(parsed, place),
            Password = PasswordOf(parsed, place),
        };
        var parameters = ParametersOf(parsed, place);
        if (parsed.Scheme == "amqps")
            return options with { Tls = TlsOf(parameters, place, baseFolder) };
        if (parameters.Count > 0)
            throw Wrong(place, $"no {parameters.Keys.First()} in an amqp:// URI, which has no TLS", "one", "Begin it with amqps://, or leave the parameter out.");
        if (!IsLoopback(parsed))
            throw Wrong(place, "amqps:// for a broker on another machine", $"amqp://{parsed.Host}", "Take TLS: `splitactors broker init` makes certificates.");
        return options;
    }

    private static string UserOf(Uri uri, string place)
    {
        var user = Uri.UnescapeDataString(uri.UserInfo.Split(':')[0]);
        if (user.Length == 0)
            throw Wrong(place, Form, "no user", "Name the user and the password.");
        return BrokerAddress.IsValidUser(user)
            ? user
            : throw Wrong(place, $"a user of at most {BrokerAddress.UserLengthMax} letters, digits, '-' and '_'", $"\"{user}\"", "Take another name, as it is part of addresses.");
    }

    private static string PasswordOf(Uri uri, string place)
    {
        var parts = uri.UserInfo.Split(':', 2);
        return parts is [_, { Length: > 0 } password]
            ? Uri.UnescapeDataString(password)
            : throw Wrong(place, Form, "no password", "Put it behind the user, with special characters as %40 and the like.");
    }

    private static Dictionary<string, string> ParametersOf(Uri uri, string place)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = parameter.Split('=', 2) is [var key, var rest] ? (key, Uri.UnescapeDataString(rest)) : (parameter, "");
            if (!Parameters.Contains(name, StringComparer.Ordinal))
                throw Wrong(place, $"the parameters {string.Join(", ", Parameters)}", name, "Leave it out.");
            if (value.Length == 0 || (name == Verify && value != VerifyPeer))
                throw Wrong($"{place}, {name}", name == Verify ? VerifyPeer : "a value", value.Length == 0 ? "none" : value, "Correct it or leave it out.");
            if (!parameters.TryAdd(name, value))
                throw Wrong($"{place}, {name}", "one value", "two", "Leave one out.");
        }

        return parameters;
    }

    private static BrokerTls TlsOf(Dictionary<string, string> parameters, string place, string baseFolder)
    {
        foreach (var name in Files)
        {
            if (!parameters.ContainsKey(name))
                throw Wrong(place, $"{name}=FILE in an amqps:// URI", "none", "`splitactors broker init` writes certificates and a URI that names them.");
        }

        string[] files = [.. Files.Select(name => Path.Combine(baseFolder, parameters[name]))];
        return BrokerTls.FromFiles(files[0], files[1], files[2], parameters.GetValueOrDefault(ServerName));
    }

    /// <summary>Names are not resolved: another machine could answer for them.</summary>
    private static bool IsLoopback(Uri uri) => uri.IdnHost == "localhost" || (IPAddress.TryParse(uri.IdnHost, out var address) && IPAddress.IsLoopback(address));

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep) => new(UserErrorKind.Options, place, expected, found, nextStep);
}
